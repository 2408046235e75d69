/** The week as a list of days, for a phone. */
import { PlusOutlined, WarningFilled } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import type { RosterOut, ShiftOut } from '../shared/schema'
import styles from './DayList.module.css'
import { DAY, dayOf, hoursWords, midnight, type Span, weekday } from './days'
import { DayMark, isPlanned, kindClass, shiftWords, spanOfRow, useHours } from './marks'
import type { WeekShown } from './WeekGrid'
import { dateWords, useWords, weekdayWords } from './words'

export function DayList({ data, now, onAsk }: WeekShown) {
  const t = useWords()
  const today = dayOf(now)
  const past = data.days.filter((day) => day.day < today)
  const [unfolded, unfold] = useState(false)
  // A week that is over is looked at for its past; of one that runs the rest matters.
  const folded = past.length > 0 && past.length < data.days.length && !unfolded
  const shown = folded ? data.days.slice(past.length) : data.days
  return (
    <ol className={styles.days}>
      {folded ? (
        <li className={styles.fold}>
          <Button type="link" onClick={() => unfold(true)}>
            {t('pastDays', { n: past.length })}
          </Button>
        </li>
      ) : null}
      {shown.map((day) => (
        <li key={day.day} className={day.day === today ? styles.today : ''}>
          <header className={styles.head}>
            <strong>{weekdayWords(weekday(day.day))}</strong> {dateWords(day.day)}{' '}
            {day.day === today ? <em>{t('today')}</em> : null} <DayMark day={day} />
            {data.may_write && day.day >= today ? (
              <Button
                className={styles.add}
                type="text"
                icon={<PlusOutlined />}
                aria-label={`${t('add')} ${dateWords(day.day)}`}
                onClick={() => onAsk({ day: day.day })}
              />
            ) : null}
          </header>
          <DayShifts data={data} day={day.day} now={now} onAsk={onAsk} />
          {isPlanned(data) ? <DayGaps data={data} day={day.day} /> : null}
        </li>
      ))}
    </ol>
  )
}

function DayShifts({ data, day, now, onAsk }: WeekShown & { day: string }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const hours = useHours(spanOfRow(data))
  // A shift is listed on the day it begins; one from before the week on its first day.
  const mine = data.shifts.filter((shift) => listedOn(data, shift) === day)
  if (mine.length === 0) return <p className={styles.none}>{t('noShift')}</p>
  return (
    <ul className={styles.shifts}>
      {mine.map((shift) => {
        const span = spanOfRow(shift)
        const over = span.until <= now
        const content = (
          <>
            <span className={styles.hours}>{hours(span)}</span>
            <span className={styles.who}>
              {shift.person_name}
              {shift.person_id === data.me ? `（${t('me')}）` : ''}
            </span>
            <span className={styles.what}>
              {shiftWords(data, shift, (code) => serviceLabel(catalogue, code))}
            </span>
          </>
        )
        const classes = `${styles.shift} ${kindClass(data, shift.kind)} ${over ? styles.over : ''}`
        return (
          <li key={shift.id}>
            {data.may_write && !over ? (
              <button type="button" className={classes} onClick={() => onAsk({ shift })}>
                {content}
              </button>
            ) : (
              <span className={classes}>{content}</span>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function listedOn(data: RosterOut, shift: ShiftOut): string {
  const first = data.days[0]?.day ?? ''
  const day = dayOf(Date.parse(shift.since))
  return day < first ? first : day
}

function DayGaps({ data, day }: { data: RosterOut; day: string }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const whole = { since: midnight(day), until: midnight(day) + DAY }
  return (
    <ul className={styles.gaps}>
      {data.cover.flatMap((row) => {
        const name = row.frozen ? t('frozen') : serviceLabel(catalogue, row.service)
        return row.gaps
          .map((gap) => cut(spanOfRow(gap), whole))
          .filter((span) => span !== null)
          .map((span) => (
            <li key={`${name}${span.since}`}>
              <WarningFilled aria-hidden /> {name} {hoursWords(span, t('next'))} {t('gap')}
            </li>
          ))
      })}
    </ul>
  )
}

function cut(span: Span, within: Span): Span | null {
  const since = Math.max(span.since, within.since)
  const until = Math.min(span.until, within.until)
  return since < until ? { since, until } : null
}
