/** A lecture on the calendar: it opens its own page, and its time is changed there and not here. */
import { ReadOutlined } from '@ant-design/icons'
import { Link } from 'react-router'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import type { CalendarLecture } from '../shared/schema'
import { pick } from '../shared/words'
import { LINE } from './layout'
import styles from './TimeGrid.module.css'
import { useWords } from './words'

/** 16:00–17:30; with the day it ends on if that is another. */
export function lectureTime(one: CalendarLecture): string {
  const since = Date.parse(one.since)
  const until = Date.parse(one.until)
  const over = dayOf(until - 1) !== dayOf(since)
  return `${clockOf(since)}–${over ? `${dateWords(dayOf(until))} ` : ''}${clockOf(until)}`
}

/** What a lecture is called, said and read out; who may not open it sees no title. */
export function useLectureWords(one: CalendarLecture) {
  const t = useWords()
  const title = [one.course_title, one.title].filter(Boolean).join(' · ')
  const who = one.lecturers.map((each) => each.name).join('、')
  // Where the search still offers its lecturers, the calendar must not look as if it did not.
  const free = !one.keeps && one.state !== 'finished' && one.state !== 'canceled'
  const state = pick(one.state_words)
  const time = lectureTime(one)
  const label = t('lectureLabel', {
    time,
    what: [title, who].filter(Boolean).join(' '),
    state: free ? t('lectureFree', { state }) : state,
  })
  return { time, title, who, state, free, label }
}

interface Props {
  one: CalendarLecture
  style: React.CSSProperties
  /** So many lines of words have room. */
  lines: number
}

export function LectureBlock({ one, style, lines }: Props) {
  const t = useWords()
  const { time, title, who, state, free, label } = useLectureWords(one)
  const given = {
    className: `${styles.event} ${styles.lecture} ${free ? styles.free : ''} ${styles[`lecture-${one.state.replace(' ', '-')}`] ?? ''}`,
    style,
    title: label,
    'data-lecture': one.id,
    'data-state': one.state,
  }
  const told = (
    <span className={lines === 1 ? styles.line : styles.lines} style={{ maxHeight: lines * LINE }}>
      <span className={styles.time}>{time}</span>
      <span>
        <ReadOutlined aria-hidden className={styles.sign} />
        <strong>{t('lecture')}</strong> {title}
      </span>
      {who ? <span>{who}</span> : null}
      <span className={styles.state}>{free ? `${state} ${t('lectureOpen')}` : state}</span>
    </span>
  )
  if (!one.opens) return <div {...given}>{told}</div>
  return (
    <Link {...given} to={`/training/lectures/${one.id}`} aria-label={label} draggable={false}>
      {told}
    </Link>
  )
}
