/**
 * The two optional display filters: 0.5 Hz baseline wander and 50 Hz mains.
 *
 * Both run forward and backward, so no phase is shifted and an ST segment is not tilted by delay.
 * They change what is seen, never what is stored, and are off until somebody asks.
 */
import type { Lead, Signal } from './waveform'
import { runsOf } from './waveform'

export interface Filters {
  wander: boolean
  mains: boolean
}

export const NO_FILTERS: Filters = { wander: false, mains: false }
export const WANDER_HZ = 0.5
export const MAINS_HZ = 50
const NOTCH_Q = 30

/** Second-order section, a0 = 1. */
interface Section {
  b: readonly [number, number, number]
  a: readonly [number, number]
}

/** The signal as it is to be drawn; the same object when no filter is on. */
export function filtered(signal: Signal, filters: Filters): Signal {
  const sections = [
    ...(filters.wander ? [highPass(WANDER_HZ, signal.rate)] : []),
    // A 50 Hz notch has no meaning at or beyond half the sampling rate.
    ...(filters.mains && signal.rate > 2 * MAINS_HZ ? [notch(MAINS_HZ, signal.rate)] : []),
  ]
  if (sections.length === 0) return signal
  const leads = [...signal.leads].map(([name, lead]): [string, Lead] => [
    name,
    { ...lead, mv: lead.mv && throughAll(lead.mv, sections, signal.rate) },
  ])
  return { ...signal, leads: new Map(leads) }
}

/** Butterworth-shaped second-order high pass, bilinear transform. */
export function highPass(cutoff: number, rate: number): Section {
  const w = (2 * Math.PI * cutoff) / rate
  const alpha = Math.sin(w) / Math.SQRT2
  const cos = Math.cos(w)
  const a0 = 1 + alpha
  return {
    b: [(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0],
    a: [(-2 * cos) / a0, (1 - alpha) / a0],
  }
}

export function notch(centre: number, rate: number): Section {
  const w = (2 * Math.PI * centre) / rate
  const alpha = Math.sin(w) / (2 * NOTCH_Q)
  const cos = Math.cos(w)
  const a0 = 1 + alpha
  return { b: [1 / a0, (-2 * cos) / a0, 1 / a0], a: [(-2 * cos) / a0, (1 - alpha) / a0] }
}

/** Each stretch of values by itself: a gap (NaN) stays a gap and spoils nothing beside it. */
function throughAll(mv: Float32Array, sections: readonly Section[], rate: number): Float32Array {
  const out = Float32Array.from(mv)
  for (const run of runsOf(mv.length, (at) => !Number.isNaN(mv[at] ?? Number.NaN))) {
    let part = Float64Array.from(mv.subarray(run.from, run.to + 1))
    for (const section of sections) part = bothWays(part, section, rate)
    out.set(part, run.from)
  }
  return out
}

/** Forward and backward over the stretch, lengthened at both ends by its own mirror image. */
function bothWays(part: Float64Array, section: Section, rate: number): Float64Array<ArrayBuffer> {
  const margin = Math.min(part.length - 1, Math.round(4 * rate))
  const long = mirrored(part, margin)
  const back = oneWay(oneWay(long, section).reverse(), section).reverse()
  return back.slice(margin, margin + part.length)
}

function mirrored(part: Float64Array, margin: number): Float64Array<ArrayBuffer> {
  const last = part.length - 1
  const first = part[0] ?? 0
  const end = part[last] ?? 0
  return Float64Array.from({ length: part.length + 2 * margin }, (_, place) => {
    const at = place - margin
    if (at < 0) return 2 * first - (part[-at] ?? first)
    if (at > last) return 2 * end - (part[2 * last - at] ?? end)
    return part[at] ?? 0
  })
}

/** Starts as if the first value had always been there, so a standing offset makes no step. */
function oneWay(input: Float64Array, { b, a }: Section): Float64Array<ArrayBuffer> {
  const start = input[0] ?? 0
  const settled = (start * (b[0] + b[1] + b[2])) / (1 + a[0] + a[1])
  let [x1, x2, y1, y2] = [start, start, settled, settled]
  return Float64Array.from(input, (x) => {
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
    ;[x2, x1, y2, y1] = [x1, x, y1, y]
    return y
  })
}
