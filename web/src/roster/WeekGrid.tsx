/** The week as a grid: a line for each service that needs somebody, and one for each person. */
import { CheckOutlined, WarningFilled } from '@ant-design/icons'
import { type KeyboardEvent, useRef } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import type { RosterOut } from '../shared/schema'
import { clockOf, DAY, dayOf, placeOf, type Span, shortHours, weekday } from './days'
import { DayMark, isPlanned, spanOfRow, useWhen } from './marks'
import { PersonLine } from './PersonLine'
import type { Asked } from './ShiftDialog'
import styles from './WeekGrid.module.css'
import { dateWords, useWords, weekdayWords } from './words'

export interface WeekShown {
  data: RosterOut
  now: number
  onAsk: (asked: Asked) => void
}

/** Per cent of the week from which the hour stands before its line. */
const LATE = 92
/** Per cent of the week that a sentence needs. */
const ROOM = 9
/** Per cent of the week that a word needs. */
const WORDY = 5

export function WeekGrid({ data, now, onAsk }: WeekShown) {
  const t = useWords()
  const grid = useRef<HTMLDivElement>(null)
  const within = spanOfRow(data)
  const today = dayOf(now)
  const line = placeOf({ since: now, until: now + 1 }, within)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between buttons, which are the interactive things.
    <div className={styles.scroll} onKeyDown={(event) => moveFocus(event, grid.current)}>
      <div className={styles.grid} ref={grid}>
        <div className={styles.head}>
          <span className={styles.name}>{t('people')}</span>
          <div className={styles.days}>
            {data.days.map((day) => (
              <span
                key={day.day}
                className={`${styles.dayHead} ${day.day === today ? styles.today : ''}`}
              >
                <strong>{weekdayWords(weekday(day.day))}</strong> {dateWords(day.day)}{' '}
                {day.day === today ? <em>{t('today')}</em> : null} <DayMark day={day} />
              </span>
            ))}
          </div>
        </div>
        {isPlanned(data) ? <Cover data={data} within={within} now={now} /> : null}
        {data.people.map((person, row) => (
          <PersonLine
            key={person.id}
            data={data}
            person={person}
            row={row}
            within={within}
            now={now}
            onAsk={onAsk}
          />
        ))}
        {line ? (
          <div className={styles.lines} aria-hidden>
            <span className={styles.now} style={{ left: `${line.left}%` }}>
              <span className={`${styles.nowTime} ${line.left > LATE ? styles.nowBefore : ''}`}>
                {t('now', { time: clockOf(now) })}
              </span>
            </span>
          </div>
        ) : null}
      </div>
    </div>
  )
}

function Cover({ data, within, now }: { data: RosterOut; within: Span; now: number }) {
  const t = useWords()
  const when = useWhen()
  const catalogue = useCatalogue()
  return (
    <section className={styles.cover} aria-label={t('cover')} title={t('coverLong')}>
      {data.cover.map((row) => {
        const name = row.frozen ? t('frozen') : serviceLabel(catalogue, row.service)
        const from = placeOf({ since: now, until: within.until }, within)
        return (
          <div key={name} className={styles.row}>
            <span className={styles.name}>
              <span className={styles.what}>{name}</span>
              <span className={styles.more}>
                {t('within', { n: row.minutes })}{' '}
                {row.gaps.length > 0 ? (
                  <span className={styles.lacks}>
                    <WarningFilled aria-hidden /> {t('gaps', { n: row.gaps.length })}
                  </span>
                ) : null}
              </span>
            </span>
            <div className={styles.lane}>
              <Days data={data} now={now} />
              {row.gaps.length === 0 && from ? (
                <span className={styles.covered} style={{ left: `${from.left}%` }}>
                  <CheckOutlined aria-hidden /> {from.width > ROOM ? t('covered') : null}
                </span>
              ) : null}
              {row.gaps.map((gap) => {
                const span = spanOfRow(gap)
                const place = placeOf(span, within)
                if (place === null) return null
                return (
                  <span
                    key={gap.since}
                    className={styles.gap}
                    style={{ left: `${place.left}%`, width: `${place.width}%` }}
                    title={t('gapLong', { service: name, day: '', hours: when(span) })}
                  >
                    <WarningFilled aria-hidden />{' '}
                    {place.width > WORDY ? (
                      <span>
                        {t('gap')}{' '}
                        {place.width > ROOM && span.until - span.since <= DAY
                          ? shortHours(span, t('next'))
                          : ''}
                      </span>
                    ) : null}
                  </span>
                )
              })}
            </div>
          </div>
        )
      })}
    </section>
  )
}

/** The days behind a line: where a week ends, a day is today, or past. */
export function Days({ data, now }: { data: RosterOut; now: number }) {
  const today = dayOf(now)
  return (
    <div className={styles.days} aria-hidden>
      {data.days.map((day) => (
        <span key={day.day} className={dayClass(day, today)} />
      ))}
    </div>
  )
}

export function dayClass(day: RosterOut['days'][number], today: string): string {
  const rest = day.kind === 'weekend' || day.kind === 'off'
  return [styles.day, day.day === today ? styles.today : '', rest ? styles.rest : ''].join(' ')
}

const STEPS: Record<string, readonly [row: number, column: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

/** The arrows go from a day of somebody to the next. */
function moveFocus(event: KeyboardEvent, grid: HTMLElement | null): void {
  const step = STEPS[event.key]
  const from = event.target
  if (!step || event.altKey || !(from instanceof HTMLElement) || !from.dataset.cell) return
  const [row = 0, column = 0] = from.dataset.cell.split(':').map(Number)
  const next = `${row + step[0]}:${column + step[1]}`
  const to = grid?.querySelector<HTMLElement>(`[data-cell="${next}"]`)
  if (!to) return
  event.preventDefault()
  to.focus()
}
