/**
 * Appointments and lectures on columns of time: opened by a click; an appointment is moved by a drag
 * or by Shift and an arrow.
 */
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { catalogueQuery } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf, lanesOf, type Span } from '../roster/days'
import { useMe } from '../session/session'
import { useNow } from '../shared/now'
import type { AppointmentOut, CalendarLecture } from '../shared/schema'
import { pick } from '../shared/words'
import { useDrag } from './drag'
import { LectureBlock } from './LectureBlock'
import { type Hours, hoursShown, keyMove, LINE, movedBy, placeOn, TALL } from './layout'
import styles from './TimeGrid.module.css'
import { useWords } from './words'

export interface Column {
  key: string
  label: string
  day: string
  holds: (one: AppointmentOut) => boolean
  gives: (one: CalendarLecture) => boolean
}

interface Props {
  columns: readonly Column[]
  appointments: readonly AppointmentOut[]
  lectures: readonly CalendarLecture[]
  /** Whether a column is a day, so that a drag aside is another day. */
  byDays: boolean
  onOpen: (id: string) => void
  onMove: (one: AppointmentOut, since: number) => void
}

/** Lines of a block are shown whole or not at all. */
const linesIn = (style: Style) => Math.max(1, Math.floor((style.height - 4) / LINE))

const timesOf = (since: number, until: number) => `${clockOf(since)}–${clockOf(until)}`

const spanOf = (one: { since: string; until: string }): Span => ({
  since: Date.parse(one.since),
  until: Date.parse(one.until),
})

export function TimeGrid({ columns, appointments, lectures, byDays, onOpen, onMove }: Props) {
  const t = useWords()
  const now = useNow(30_000)
  const drawn = lectures.filter((one) => columns.some((column) => column.gives(one)))
  const hours = hoursShown([...appointments, ...drawn].map(spanOf))
  const whole = { height: (hours.last - hours.first) * TALL }
  const template = { gridTemplateColumns: `56px repeat(${columns.length}, minmax(104px, 1fr))` }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys, too.
    <section className={styles.scroll} aria-label={t('title')} tabIndex={0}>
      <div className={styles.head} style={template}>
        <span />
        {columns.map((column) => (
          <span
            key={column.key}
            className={byDays && column.day === dayOf(now) ? styles.today : styles.name}
          >
            {column.label}
          </span>
        ))}
      </div>
      <div className={styles.body} style={template}>
        <div className={styles.clock} style={whole} aria-hidden>
          {Array.from({ length: hours.last - hours.first }, (_, n) => hours.first + n).map(
            (hour) => (
              <span key={hour} style={{ top: (hour - hours.first) * TALL }}>
                {`${String(hour).padStart(2, '0')}:00`}
              </span>
            ),
          )}
        </div>
        {columns.map((column) => (
          <Lane
            key={column.key}
            column={column}
            hours={hours}
            now={now}
            byDays={byDays}
            appointments={appointments.filter(
              (one) => column.holds(one) && placeOn(spanOf(one), column.day, hours) !== null,
            )}
            lectures={lectures.filter(
              (one) => column.gives(one) && placeOn(spanOf(one), column.day, hours) !== null,
            )}
            onOpen={onOpen}
            onMove={onMove}
          />
        ))}
      </div>
    </section>
  )
}

interface LaneProps extends Omit<Props, 'columns'> {
  column: Column
  hours: Hours
  now: number
}

type Style = React.CSSProperties & { height: number }

function Lane({ column, hours, now, byDays, appointments, lectures, onOpen, onMove }: LaneProps) {
  // By their time, so that the keys go through them in that order, whichever they are.
  const blocks = [
    ...appointments.map((one) => ({
      id: one.id,
      span: spanOf(one),
      draw: (style: Style) => (
        <Event one={one} style={style} byDays={byDays} onOpen={onOpen} onMove={onMove} />
      ),
    })),
    ...lectures.map((one) => ({
      id: one.id,
      span: spanOf(one),
      draw: (style: Style) => <LectureBlock one={one} style={style} lines={linesIn(style)} />,
    })),
  ].sort((a, b) => a.span.since - b.span.since)
  const { lane, count } = lanesOf(blocks.map((each) => each.span))
  const line = placeOn({ since: now, until: now + 1 }, column.day, hours)
  const whole = { height: (hours.last - hours.first) * TALL, backgroundSize: `100% ${TALL}px` }
  return (
    <div className={styles.lane} style={whole} data-column={column.key}>
      {line ? <span className={styles.now} style={{ top: line.top }} aria-hidden /> : null}
      {blocks.map(({ id, span, draw }, index) => {
        const place = placeOn(span, column.day, hours)
        if (place === null) return null
        const left = ((lane[index] ?? 0) / count) * 100
        const style = {
          top: place.top,
          height: Math.max(place.tall - 2, 20),
          left: `${left}%`,
          width: `calc(${100 / count}% - 2px)`,
        }
        return <Fragment key={id}>{draw(style)}</Fragment>
      })}
    </div>
  )
}

interface EventProps {
  one: AppointmentOut
  style: Style
  byDays: boolean
  onOpen: (id: string) => void
  onMove: (one: AppointmentOut, since: number) => void
}

function Event({ one, style, byDays, onOpen, onMove }: EventProps) {
  const t = useWords()
  const catalogue = useQuery(catalogueQuery).data
  const own = useMe().institution?.id
  const moves = one.allowed.includes('reschedule')
  const { drag, offset } = useDrag(byDays, (columns, pixels) => {
    const to = movedBy(since, pixels, columns)
    if (to !== since) onMove(one, to)
  })
  const since = Date.parse(one.since)
  const time = timesOf(since, Date.parse(one.until))
  // Where it would be: whoever drags reads the time and does not count lines.
  const by = offset ? movedBy(since, offset.y, 0) - since : 0
  const other = one.provider_id === own ? one.requester_name : one.provider_name
  const lines = linesIn(style)
  const label = {
    time,
    service: serviceLabel(catalogue, one.service),
    with: other,
    state: pick(one.state_words),
  }
  return (
    <button
      type="button"
      className={`${styles.event} ${styles[one.state.replace(' ', '-')] ?? ''} ${offset ? styles.lifted : ''}`}
      style={{
        ...style,
        ...(offset ? { translate: `${offset.x}px ${offset.y}px` } : {}),
      }}
      aria-label={t('event', label)}
      title={moves ? `${t('event', label)}\n${t('moveHint')}` : t('event', label)}
      data-state={one.state}
      data-id={one.id}
      onClick={() => onOpen(one.id)}
      onKeyDown={(event) => {
        const to = moves && event.shiftKey ? keyMove(since, event.key) : null
        if (to === null) return
        event.preventDefault()
        onMove(one, to)
      }}
      {...(moves ? drag : {})}
    >
      <span
        className={lines === 1 ? styles.line : styles.lines}
        style={{ maxHeight: lines * LINE }}
      >
        <span className={styles.time}>
          {by ? timesOf(since + by, Date.parse(one.until) + by) : time}
        </span>
        <span>{other}</span>
        <span>{label.service}</span>
        <span className={styles.state}>{label.state}</span>
      </span>
    </button>
  )
}
