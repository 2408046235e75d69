/** Appointments and lectures as a list by days, for a screen that columns of time do not fit on. */
import { ReadOutlined } from '@ant-design/icons'
import { Tag } from 'antd'
import { Link } from 'react-router'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf } from '../roster/days'
import { useMe } from '../session/session'
import { useNow } from '../shared/now'
import type { AppointmentOut, CalendarLecture } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './Agenda.module.css'
import { COLOURS } from './colours'
import { useLectureWords } from './LectureBlock'
import type { Column } from './TimeGrid'
import { useWords } from './words'

interface Props {
  columns: readonly Column[]
  appointments: readonly AppointmentOut[]
  lectures: readonly CalendarLecture[]
  onOpen: (id: string) => void
}

export function Agenda({ columns, appointments, lectures, onOpen }: Props) {
  const today = dayOf(useNow(60_000))
  return (
    <>
      {columns.map((column) => {
        const on = (one: { since: string }) => dayOf(Date.parse(one.since)) === column.day
        const here = [
          ...appointments
            .filter((one) => column.holds(one) && on(one))
            .map((one) => ({ one, line: <Line one={one} onOpen={onOpen} /> })),
          ...lectures
            .filter((one) => column.gives(one) && on(one))
            .map((one) => ({ one, line: <Lecture one={one} /> })),
        ].sort((a, b) => Date.parse(a.one.since) - Date.parse(b.one.since))
        if (here.length === 0) return null
        return (
          <section key={column.key} className={styles.day}>
            <h2 className={column.day === today ? styles.today : styles.name}>{column.label}</h2>
            <ul className={styles.list}>
              {here.map(({ one, line }) => (
                <li key={one.id}>{line}</li>
              ))}
            </ul>
          </section>
        )
      })}
    </>
  )
}

function Lecture({ one }: { one: CalendarLecture }) {
  const t = useWords()
  const { time, title, who, free, label } = useLectureWords(one)
  const given = { className: styles.line, title: label, 'data-state': one.state }
  const told = (
    <>
      <span className={styles.time}>{time}</span>
      <span className={styles.what}>
        <span>
          <ReadOutlined aria-hidden /> {t('lecture')} {title}
        </span>
        <span className={styles.with}>{free ? `${t('lectureOpen')} · ${who}` : who}</span>
      </span>
      <Tag color={COLOURS[one.state] ?? 'default'}>{pick(one.state_words)}</Tag>
    </>
  )
  if (!one.opens)
    return (
      <div {...given} data-lecture={one.id}>
        {told}
      </div>
    )
  return (
    <Link {...given} to={`/training/lectures/${one.id}`} data-lecture={one.id} aria-label={label}>
      {told}
    </Link>
  )
}

function Line({ one, onOpen }: { one: AppointmentOut; onOpen: (id: string) => void }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const own = useMe().institution?.id
  const since = Date.parse(one.since)
  const other = one.provider_id === own ? one.requester_name : one.provider_name
  const time = `${clockOf(since)}–${clockOf(Date.parse(one.until))}`
  const service = serviceLabel(catalogue, one.service)
  const state = pick(one.state_words)
  return (
    <button
      type="button"
      className={styles.line}
      data-state={one.state}
      data-id={one.id}
      aria-label={t('event', { time, service, with: other, state })}
      onClick={() => onOpen(one.id)}
    >
      <span className={styles.time}>{time}</span>
      <span className={styles.what}>
        <span>{service}</span>
        <span className={styles.with}>{other}</span>
      </span>
      <Tag color={COLOURS[one.state] ?? 'default'}>{state}</Tag>
    </button>
  )
}
