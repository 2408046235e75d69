/**
 * Days, hours and places on the grid. Asia/Shanghai keeps UTC+8 all year, so a moment's day and
 * hour are arithmetic; the browser's own zone does not matter.
 */
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
const OFFSET = 8 * HOUR
/** Minutes that a drag snaps to. */
const GRAIN = 30 * 60_000

export interface Span {
  since: number
  until: number
}

/** 2026-11-29, the day of a moment. */
export function dayOf(at: number): string {
  return new Date(at + OFFSET).toISOString().slice(0, 10)
}

/** 08:30, the hour of a moment. */
export function clockOf(at: number): string {
  return new Date(at + OFFSET).toISOString().slice(11, 16)
}

/** Midnight at which a day begins. */
export function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) - OFFSET
}

export function dayAfter(day: string, days: number): string {
  return dayOf(midnight(day) + days * DAY)
}

/** Monday is 0. */
export function weekday(day: string): number {
  return (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7
}

export function mondayOf(day: string): string {
  return dayAfter(day, -weekday(day))
}

/** A day that is one; anything else of an address is not believed. */
export function isDay(text: string | null): text is string {
  if (text === null || !/^20\d\d-\d\d-\d\d$/.test(text)) return false
  const at = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** Hours of the clock on a day; an end that is not after the beginning is the next day's. */
export function spanOf(day: string, begins: string, ends: string): Span {
  const since = midnight(day) + minutes(begins)
  const until = midnight(day) + minutes(ends)
  return { since, until: until <= since ? until + DAY : until }
}

function minutes(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number)
  return hour * HOUR + minute * 60_000
}

/** 08:00–18:00, 18:00–次日 08:00. */
export function hoursWords(span: Span, next: string): string {
  const over = dayOf(span.until - 1) !== dayOf(span.since)
  const end = clockOf(span.until)
  // An end at midnight is the end of that day.
  const whole = end === '00:00' ? '24:00' : end
  return `${clockOf(span.since)}–${over ? `${next}${whole}` : whole}`
}

/** 08–18, 18–次日 08: whole hours without their zeros, where there is little room. */
export function shortHours(span: Span, next: string): string {
  return hoursWords(span, next).replaceAll(':00', '')
}

/** Where a span lies in a stretch, in per cent; null when it does not touch it. */
export function placeOf(span: Span, within: Span): { left: number; width: number } | null {
  const since = Math.max(span.since, within.since)
  const until = Math.min(span.until, within.until)
  if (until <= since) return null
  const whole = within.until - within.since
  return { left: ((since - within.since) / whole) * 100, width: ((until - since) / whole) * 100 }
}

/** The span of a drag from one moment to another, in either direction, at most a day long. */
export function dragged(from: number, to: number): Span {
  const snap = (at: number) => Math.round(at / GRAIN) * GRAIN
  const since = snap(Math.min(from, to))
  const until = Math.max(snap(Math.max(from, to)), since + GRAIN)
  return { since, until: Math.min(until, since + DAY) }
}

/** Lanes for spans that run at once: each span's lane, and how many there are. */
export function lanesOf(spans: readonly Span[]): { lane: number[]; count: number } {
  const ends: number[] = []
  const order = spans.map((_, index) => index)
  order.sort((a, b) => (spans[a]?.since ?? 0) - (spans[b]?.since ?? 0))
  const lane = spans.map(() => 0)
  for (const index of order) {
    const span = spans[index]
    if (span === undefined) continue
    const free = ends.findIndex((end) => end <= span.since)
    const chosen = free === -1 ? ends.length : free
    ends[chosen] = span.until
    lane[index] = chosen
  }
  return { lane, count: Math.max(1, ends.length) }
}
