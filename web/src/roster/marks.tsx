/** What the week and the list have in common: what a day, a shift and a gap are called. */
import type { DutyKindOut, RosterOut, ShiftOut } from '../shared/schema'
import { pick } from '../shared/words'
import { clockOf, dayOf, hoursWords, type Span, shortHours, weekday } from './days'
import styles from './marks.module.css'
import { dateWords, useWords, weekdayWords } from './words'

type Day = RosterOut['days'][number]

export function spanOfRow(row: { since: string; until: string }): Span {
  return { since: Date.parse(row.since), until: Date.parse(row.until) }
}

/** Whether anybody is put on duty from this week on; what still runs from the week before is not. */
export function isPlanned(data: RosterOut): boolean {
  return data.shifts.some((shift) => Date.parse(shift.since) >= Date.parse(data.since))
}

export function kindOf(data: RosterOut, code: string): DutyKindOut | undefined {
  return data.kinds.find((kind) => kind.code === code)
}

export function kindLabel(data: RosterOut, code: string): string {
  const kind = kindOf(data, code)
  return kind ? pick(kind.label) : code
}

/** Each kind of duty has a tint and an edge of its own, besides its name. */
export function kindClass(data: RosterOut, code: string): string {
  const index = data.kinds.findIndex((kind) => kind.code === code)
  return styles[`kind${Math.max(0, index) % 4}`] ?? ''
}

/** 休 and 班 beside a date that the State Council moved. */
export function DayMark({ day }: { day: Day }) {
  const t = useWords()
  if (day.kind !== 'off' && day.kind !== 'swapped') return null
  return (
    <span
      className={day.kind === 'off' ? styles.off : styles.swapped}
      title={t(day.kind === 'off' ? 'offLong' : 'swappedLong')}
    >
      {t(day.kind)}
    </span>
  )
}

/** 周五 11月27日 18:00–次日 08:00. */
export function useWhen(): (span: Span) => string {
  const t = useWords()
  return (span) => {
    const day = dayOf(span.since)
    return `${weekdayWords(weekday(day))} ${dateWords(day)} ${hoursWords(span, t('next'))}`
  }
}

/** The hours of a shift as the week shows them: of one that began before it, only its end. */
export function useHours(within: Span): (span: Span, short?: boolean) => string {
  const t = useWords()
  return (span, short = false) => {
    if (span.since < within.since) return t('until', { time: clockOf(span.until) })
    return short ? shortHours(span, t('next')) : hoursWords(span, t('next'))
  }
}

/** 阅片值班 · 远程影像诊断 */
export function shiftWords(
  data: RosterOut,
  shift: ShiftOut,
  service: (code: string) => string,
): string {
  const what = [kindLabel(data, shift.kind), ...shift.services.map(service)]
  return what.join(' · ')
}
