/** Where an appointment stands on a day's column, and where a drag or a key takes it. */
import { DAY, dayOf, HOUR, midnight, type Span } from '../roster/days'

/** Minutes that a move snaps to. */
export const GRAIN = 15
/** Pixels of an hour. */
export const TALL = 52
/** Pixels of a line of words in a block. */
export const LINE = 17
const MINUTE = 60_000
const FIRST = 7
const LAST = 20

export interface Hours {
  first: number
  last: number
}

/** The hours of the clock that a grid shows: the working day, and whatever lies outside of it. */
export function hoursShown(spans: readonly Span[]): Hours {
  let { first, last } = { first: FIRST, last: LAST }
  for (const span of spans) {
    const began = midnight(dayOf(span.since))
    first = Math.min(first, Math.floor((span.since - began) / HOUR))
    last = Math.max(last, Math.min(24, Math.ceil((span.until - began) / HOUR)))
  }
  return { first, last }
}

/** Pixels from the top and of its height, on the column of a day; null when it is of another. */
export function placeOn(
  span: Span,
  day: string,
  hours: Hours,
): { top: number; tall: number } | null {
  const from = midnight(day) + hours.first * HOUR
  const to = midnight(day) + hours.last * HOUR
  const since = Math.max(span.since, from)
  const until = Math.min(span.until, to)
  if (until <= since) return null
  return { top: ((since - from) / HOUR) * TALL, tall: ((until - since) / HOUR) * TALL }
}

/** A beginning moved by pixels and days, on the grain, never out of its day by the pixels. */
export function movedBy(since: number, pixels: number, days: number): number {
  const minutes = Math.round(((pixels / TALL) * 60) / GRAIN) * GRAIN
  const there = since + minutes * MINUTE
  const kept = dayOf(there) === dayOf(since) ? there : since
  return kept + days * DAY
}

const KEYS: Record<string, readonly [minutes: number, days: number]> = {
  ArrowUp: [-GRAIN, 0],
  ArrowDown: [GRAIN, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

/** Where Shift and an arrow take a beginning; null for any other key. */
export function keyMove(since: number, key: string): number | null {
  const step = KEYS[key]
  return step ? since + step[0] * MINUTE + step[1] * DAY : null
}

/** Whether a lecture's conference stands in a column: the appointment is drawn then, and no other. */
export function meetsIn<A extends { id: string }>(
  column: { holds: (one: A) => boolean },
  shown: readonly A[],
  lecture: { appointment_id: string | null },
): boolean {
  return shown.some((one) => one.id === lecture.appointment_id && column.holds(one))
}
