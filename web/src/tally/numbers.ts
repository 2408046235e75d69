/**
 * Numbers of the tally as people read them, and how far one is from another.
 *
 * Missing is null, is written "—" and is never taken for zero: a change against a missing month is
 * missing too, and says why.
 */
import { say } from './words'

export type Kind = 'count' | 'duration' | 'share' | 'total' | 'money' | 'credit'
export const DASH = '—'
const MINUS = '−'

/** What a fact adds by its own weight, and not as one. */
const ADDED_UP: readonly string[] = ['total', 'money', 'credit']

/** Whether a figure is a number of facts, or what they add up to: drawn as bars, in whole. */
export function isSum(kind: string): boolean {
  return kind === 'count' || ADDED_UP.includes(kind)
}

/** Whether a single fact behind a figure has a figure of its own. */
export function isMeasured(kind: string): boolean {
  return kind === 'duration' || ADDED_UP.includes(kind)
}

/** 1,204 · 92.9% · 2时05分 · 1,204 分 · —. Durations are seconds, totals minutes, shares fractions. */
export function valueWords(value: number | null | undefined, kind: string): string {
  if (value === null || value === undefined) return DASH
  if (kind === 'share') return `${(value * 100).toFixed(1)}%`
  if (kind === 'duration') return durationWords(value)
  if (kind === 'total') return say('minutesTotal', { n: grouped(value) })
  if (kind === 'money') return moneyWords(value)
  if (kind === 'credit') return creditWords(value)
  return grouped(value)
}

/** Fen as yuan. */
function moneyWords(fen: number): string {
  const yuan = (Math.abs(fen) / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })
  return `${fen < 0 ? MINUS : ''}¥${yuan}`
}

/** Hundredths of a credit as credits: 2, 1.5. */
function creditWords(hundredths: number): string {
  const size = (Math.abs(hundredths) / 100).toLocaleString('en-US', { maximumFractionDigits: 2 })
  return say('creditTotal', { n: `${hundredths < 0 ? MINUS : ''}${size}` })
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US').replace('-', MINUS)
}

/** As `valueWords`, so fine that two figures of different rank do not read alike. */
export function fineWords(value: number, kind: string): string {
  if (kind === 'share') return `${(value * 100).toFixed(2)}%`
  if (kind !== 'duration') return valueWords(value, kind)
  const whole = Math.round(value)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h > 0
    ? say('hoursMinutesSeconds', { h, m: two(m), s: two(s) })
    : say('minutesSeconds', { m, s: two(s) })
}

/** Two units at most, the smaller one padded so that digits stand under each other. */
export function durationWords(seconds: number): string {
  const whole = Math.round(Math.abs(seconds))
  if (whole < 60) return say('secondsOnly', { s: whole })
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return say('minutesOnly', { m: minutes })
  if (minutes < 48 * 60)
    return say('hoursMinutes', { h: Math.floor(minutes / 60), m: two(minutes % 60) })
  const hours = Math.round(minutes / 60)
  return say('daysHours', { d: Math.floor(hours / 24), h: two(hours % 24) })
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

// --- changes ------------------------------------------------------------------------------------

export type Change =
  | { known: true; sign: -1 | 0 | 1; text: string }
  | {
      known: false
      why: 'no-now' | 'no-before' | 'zero-before' | 'few-before'
      difference: number | null
    }

/** From so few cases a growth of so many per cent says nothing. */
const FEW = 10
const ABSURD = 1000

/** Counts and durations change in per cent, shares in percentage points. */
export function changeOf(
  now: number | null | undefined,
  before: number | null | undefined,
  kind: string,
): Change {
  if (before === null || before === undefined)
    return { known: false, why: 'no-before', difference: null }
  if (now === null || now === undefined) return { known: false, why: 'no-now', difference: null }
  if (kind === 'share') {
    const points = round1((now - before) * 100)
    return { known: true, sign: signOf(points), text: say('points', { n: signed(points) }) }
  }
  if (before <= 0) return { known: false, why: 'zero-before', difference: now - before }
  const percent = round1(((now - before) / before) * 100)
  if (kind === 'count' && before < FEW && percent >= ABSURD)
    return { known: false, why: 'few-before', difference: now - before }
  return { known: true, sign: signOf(percent), text: `${signed(percent)}%` }
}

function round1(n: number): number {
  return Math.round(n * 10) / 10
}

function signOf(n: number): -1 | 0 | 1 {
  return n > 0 ? 1 : n < 0 ? -1 : 0
}

/** +8.0, −3.5, 0.0: the sign is always written, with a real minus. */
export function signed(n: number, digits = 1): string {
  const size = Math.abs(n).toFixed(digits)
  return n > 0 ? `+${size}` : n < 0 ? `${MINUS}${size}` : size
}

export type Tone = 'good' | 'bad' | 'plain'

/** Which way is better; more or fewer cases is neither. */
const BETTER: Record<string, 1 | -1> = {
  on_time_share: 1,
  acknowledged_on_time_share: 1,
  adoption_share: 1,
  turnaround_median: -1,
  turnaround_p90: -1,
  acknowledging_median: -1,
  acknowledging_p90: -1,
  return_rate: -1,
  amended_rate: -1,
  returned: -1,
  declined: -1,
  withdrawn: -1,
  not_adopted: -1,
}

export function toneOf(code: string, change: Change): Tone {
  const better = BETTER[code]
  if (!change.known || change.sign === 0 || better === undefined) return 'plain'
  return change.sign === better ? 'good' : 'bad'
}

// --- months -------------------------------------------------------------------------------------

/** The month so many months later: monthAfter('2026-01', -1) is '2025-12'. */
export function monthAfter(month: string, months: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  const index = year * 12 + number - 1 + months
  return `${Math.floor(index / 12)}-${two((index % 12) + 1)}`
}

/** Every month from one to another, the last one first; at most ten years. */
export function monthsBetween(first: string, last: string): string[] {
  const months = [last]
  for (let month = last; month > first && months.length < 120; ) {
    month = monthAfter(month, -1)
    months.push(month)
  }
  return months
}

/** The month of a moment in the network's zone (UTC+8 all year). */
export function monthOf(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().slice(0, 7)
}

export function monthWords(month: string): string {
  const [year = '', number = ''] = month.split('-')
  return say('monthName', { year, month: Number(number) })
}

export function isMonth(text: string | null): text is string {
  return text !== null && /^20\d\d-(0[1-9]|1[0-2])$/.test(text)
}

// --- order and shape ----------------------------------------------------------------------------

/** Missing stays at the end whichever way the column is sorted. */
export function compareValues(
  a: number | null | undefined,
  b: number | null | undefined,
  descending: boolean,
): number {
  const [left, right] = [a ?? null, b ?? null]
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  return descending ? right - left : left - right
}

/** The share of the longest bar, 0 to 1; nothing to draw is null. */
export function barOf(value: number | null | undefined, longest: number): number | null {
  if (value === null || value === undefined || value <= 0 || longest <= 0) return null
  return Math.min(1, value / longest)
}

/** Upper bounds of `classes` groups of about equal size; equal values never fall apart. */
export function quantiles(values: readonly number[], classes: number): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const bounds = Array.from({ length: classes }, (_, index) =>
    sorted.at(Math.ceil(((index + 1) * sorted.length) / classes) - 1),
  )
  return [...new Set(bounds.filter((bound): bound is number => bound !== undefined))]
}
