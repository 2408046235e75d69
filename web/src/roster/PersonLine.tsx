/** One person's week: shifts as bars, days to click, hours to drag. */
import { App } from 'antd'
import { type PointerEvent, useRef, useState } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { problemWords } from '../shared/problem'
import type { DutyPerson, RosterOut, ShiftOut } from '../shared/schema'
import { pick } from '../shared/words'
import { cancelShifts } from './api'
import { dayOf, dragged, hoursWords, lanesOf, placeOf, type Span, weekday } from './days'
import { kindClass, kindLabel, shiftWords, spanOfRow, useHours, useWhen } from './marks'
import type { Asked } from './ShiftDialog'
import { useSaid } from './said'
import { Days, dayClass } from './WeekGrid'
import styles from './WeekGrid.module.css'
import { dateWords, useWords, weekdayWords } from './words'

interface Props {
  data: RosterOut
  person: DutyPerson
  row: number
  within: Span
  now: number
  onAsk: (asked: Asked) => void
}

const LANE = 40
/** Per cent of the week from which a bar has room for everything. */
const ROOMY = 12
/** Pixels from which a press is a drag. */
const MOVED = 5

export function PersonLine({ data, person, row, within, now, onAsk }: Props) {
  const t = useWords()
  const mine = data.shifts.filter((shift) => shift.person_id === person.id)
  const { lane, count } = lanesOf(mine.map(spanOfRow))
  const drag = useDrag(within, (span) => onAsk({ person: person.id, span }))
  const ghost = drag.span ? placeOf(drag.span, within) : null
  const me = person.id === data.me
  return (
    <section className={styles.row} aria-label={person.name}>
      <span className={styles.name}>
        <span className={styles.what}>
          {person.name} {me ? <em className={styles.me}>{t('me')}</em> : null}
        </span>
        <span className={styles.more}>{pick(person.title)}</span>
      </span>
      <div
        className={styles.lane}
        style={{ minHeight: count * LANE + 4 }}
        {...(data.may_write ? drag.on : {})}
      >
        {data.may_write ? (
          <div className={styles.days}>
            {data.days.map((day, column) => (
              <button
                type="button"
                key={day.day}
                data-cell={`${row}:${column}`}
                tabIndex={row === 0 && column === 0 ? 0 : -1}
                className={dayClass(day, dayOf(now))}
                aria-label={t('cell', {
                  person: person.name,
                  day: `${weekdayWords(weekday(day.day))} ${dateWords(day.day)}`,
                })}
                onClick={() => onAsk({ person: person.id, day: day.day })}
              />
            ))}
          </div>
        ) : (
          <Days data={data} now={now} />
        )}
        {mine.map((shift, index) => (
          <Bar
            key={shift.id}
            data={data}
            shift={shift}
            top={(lane[index] ?? 0) * LANE + 4}
            within={within}
            now={now}
            onOpen={() => onAsk({ shift })}
          />
        ))}
        {ghost && drag.span ? (
          <span
            className={styles.ghost}
            style={{ left: `${ghost.left}%`, width: `${ghost.width}%` }}
          >
            {hoursWords(drag.span, t('next'))}
          </span>
        ) : null}
      </div>
    </section>
  )
}

interface BarProps {
  data: RosterOut
  shift: ShiftOut
  top: number
  within: Span
  now: number
  onOpen: () => void
}

function Bar({ data, shift, top, within, now, onOpen }: BarProps) {
  const hours = useHours(within)
  const when = useWhen()
  const catalogue = useCatalogue()
  const takeOff = useTakeOff()
  const span = spanOfRow(shift)
  const place = placeOf(span, within)
  if (place === null) return null
  const over = span.until <= now
  const what = shiftWords(data, shift, (code) => serviceLabel(catalogue, code))
  const runs = !over && span.since <= now
  const classes = [styles.bar, kindClass(data, shift.kind)]
  if (over) classes.push(styles.over)
  if (runs) classes.push(styles.runs)
  const given = {
    className: classes.join(' '),
    style: { left: `${place.left}%`, width: `${place.width}%`, top },
    title: `${shift.person_name} ${what} ${when(span)}`,
  }
  const content = (
    <>
      <span>{place.width > ROOMY ? what : kindLabel(data, shift.kind)}</span>
      <span className={styles.hours}>{hours(span, place.width <= ROOMY)}</span>
    </>
  )
  if (!data.may_write || over) return <span {...given}>{content}</span>
  return (
    <button
      type="button"
      {...given}
      onPointerDown={(event) => event.stopPropagation()}
      onClick={onOpen}
      onKeyDown={(event) => {
        if (event.key === 'Delete' || event.key === 'Backspace') takeOff(shift.id)
      }}
    >
      {content}
    </button>
  )
}

/** Takes a shift off at once; the toast has the way back. */
export function useTakeOff(): (id: string) => void {
  const t = useWords()
  const { message } = App.useApp()
  const said = useSaid()
  return (id) => {
    cancelShifts([id]).then(
      (done) => said(done, t('removed')),
      (error) => void message.error(problemWords(error).what),
    )
  }
}

/** A drag along a line, with the mouse: the hours it covers, and what to do with them. */
function useDrag(within: Span, onSpan: (span: Span) => void) {
  const from = useRef<{ x: number; at: number } | null>(null)
  const [span, setSpan] = useState<Span | null>(null)
  const momentAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
    return within.since + share * (within.until - within.since)
  }
  const end = () => {
    from.current = null
    setSpan(null)
  }
  const on = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || event.pointerType === 'touch') return
      from.current = { x: event.clientX, at: momentAt(event) }
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const begun = from.current
      if (begun === null) return
      if (span === null && Math.abs(event.clientX - begun.x) < MOVED) return
      // From here on the press is no click of the day below it.
      event.currentTarget.setPointerCapture(event.pointerId)
      setSpan(dragged(begun.at, momentAt(event)))
    },
    onPointerUp: () => {
      if (span !== null) onSpan(span)
      end()
    },
    onPointerCancel: end,
  }
  return { span, on }
}
