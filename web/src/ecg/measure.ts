/**
 * Calipers: two points on one lead, in seconds and millivolts of the recording.
 *
 * A caliper belongs to the recording, not to the screen: changing speed, gain or zoom moves its
 * picture and never its numbers.
 */
import { type Cell, mvAt, type Sheet, timeAt, xOf, yOf } from './paper'
import { type Signal, valueAt } from './waveform'

export interface Point {
  /** Seconds from the start of the recording. */
  time: number
  mv: number
}

export interface Caliper {
  lead: string
  from: Point
  to: Point
}

export type Handle = 'from' | 'to' | 'both'

/** What a caliper says. */
export interface EcgMeasurement {
  lead: string
  /** Seconds from the start of the recording. */
  from: number
  to: number
  /** Length of time, always positive. */
  ms: number
  /** `to` minus `from`: positive is upwards. */
  mv: number
  /** 60000 / ms; null below 150 ms, where it would be no heart's rate. */
  bpm: number | null
  /** Whether a display filter was on while it was measured. */
  filtered: boolean
  /** One line for a report, in the language of the screen: `V3：120 ms，+0.42 mV`. */
  text: string
}

export type Measured = Omit<EcgMeasurement, 'text' | 'filtered'>

const SHORTEST_BEAT_MS = 150

export function measure({ lead, from, to }: Caliper): Measured {
  const ms = Math.round(Math.abs(to.time - from.time) * 1000)
  return {
    lead,
    from: from.time,
    to: to.time,
    ms,
    mv: Math.round((to.mv - from.mv) * 1000) / 1000,
    bpm: ms >= SHORTEST_BEAT_MS ? Math.round(60000 / ms) : null,
  }
}

/** The point of a cell under a point of the sheet, held within the cell; on the curve if wished. */
export function pointAt(cell: Cell, signal: Signal, x: number, y: number, snap: boolean): Point {
  const time = timeAt(cell, Math.min(cell.x1, Math.max(cell.x0, x)))
  const free = { time, mv: mvAt(cell, Math.min(cell.bottom, Math.max(cell.top, y))) }
  return snap ? onCurve(signal, cell.lead, free) : free
}

/** The same moment with the lead's own value; unchanged where the lead has none. */
export function onCurve(signal: Signal, lead: string, point: Point): Point {
  const found = signal.leads.get(lead)
  const mv = found ? valueAt(found, signal.rate, point.time) : null
  return mv === null ? point : { ...point, mv }
}

export interface Step {
  /** Seconds and millivolts to move by. */
  time: number
  mv: number
}

/** One end, or the whole caliper, moved; held within the recording. */
export function moved(caliper: Caliper, handle: Handle, step: Step, signal: Signal): Caliper {
  const ends = handle === 'both' ? (['from', 'to'] as const) : ([handle] as const)
  const free = ends.map((end) => caliper[end].time + step.time)
  if (free.some((time) => time < 0 || time > signal.seconds)) return caliper
  const next = { ...caliper }
  for (const end of ends)
    next[end] = { time: caliper[end].time + step.time, mv: caliper[end].mv + step.mv }
  return next
}

/** Both ends on the curve. */
export function snapped(caliper: Caliper, signal: Signal): Caliper {
  const { lead } = caliper
  return {
    lead,
    from: onCurve(signal, lead, caliper.from),
    to: onCurve(signal, lead, caliper.to),
  }
}

/** The cell a caliper is seen in: the first that shows its lead at the time it begins. */
export function cellOf(sheet: Sheet, caliper: Caliper): Cell | null {
  const middle = (caliper.from.time + caliper.to.time) / 2
  const cells = sheet.rows.flatMap((row) => row.cells).filter((each) => each.lead === caliper.lead)
  return cells.find((cell) => middle >= cell.t0 && middle <= cell.t1) ?? null
}

/** The end of a caliper under a point of the sheet, `reach` mm around; else null. */
export function handleAt(
  cell: Cell,
  caliper: Caliper,
  at: { x: number; y: number },
  reach: number,
): 'from' | 'to' | null {
  const far = (end: Point) => Math.hypot(xOf(cell, end.time) - at.x, yOf(cell, end.mv) - at.y)
  const [from, to] = [far(caliper.from), far(caliper.to)]
  if (Math.min(from, to) <= reach) return from < to ? 'from' : 'to'
  return null
}

/** Times at which the caliper's length comes again, forth and back, within a cell: the march-out. */
export function marches(cell: Cell, { from, to }: Caliper): number[] {
  const step = Math.abs(to.time - from.time)
  if (step < SHORTEST_BEAT_MS / 1000) return []
  const start = Math.min(from.time, to.time)
  const back = Math.floor((start - cell.t0) / step)
  const count = Math.floor((cell.t1 - start) / step) + back + 1
  return Array.from({ length: Math.max(0, count) }, (_, at) => start + (at - back) * step)
}
