/**
 * When a thin line steps down, and when it steps up again: voice first, then a still picture now and
 * then, moving pictures last.
 *
 * A rule of readings that knows no clock, no page and no connection. A line steps down after it was
 * bad for some readings and up after it was good for many, for twice as many after each time that
 * this was too soon: a line at the edge does not go back and forth. Never above what the person
 * chose, and not at all for a while after they chose against it.
 */
import type { Mode } from './signal'

/** One look at all of a page's lines: the worst of each. */
export interface Reading {
  roundTripMs: number | null
  /** Of what went either way lately, the part that was lost. */
  lost: number | null
  /** What could be sent, kbit/s; nothing is known of it but while moving pictures are sent. */
  available: number | null
}

export interface Terms {
  /** Below this no moving picture has room beside a voice, kbit/s. */
  still_kbps: number
  /** A round trip above which talking over moving pictures is no talking any more. */
  slow_ms: number
}

export interface Ladder {
  /** What the person chose. */
  wish: Mode
  /** How they take part now: that, or less. */
  step: Mode
  /** How bad it has been: a bad reading more, a good one less. */
  strain: number
  /** Good readings in a row. */
  calm: number
  /** So many of them are asked for before the next step up. */
  need: number
  /** For so many readings nothing is changed. */
  hold: number
}

export const STRAIN = 4
export const NEED = 10
export const MOST_NEED = 80
/** Good readings after which nothing is held against a line any more. */
export const FORGET = 150
/** After the person chose otherwise than the rule. */
export const HOLD = 60
/** After a step: what was counted before it says nothing of the line under less. */
export const SETTLE = 3

const STEPS: readonly Mode[] = ['video', 'still', 'audio']

export const begin = (wish: Mode): Ladder => ({
  wish,
  step: wish,
  strain: 0,
  calm: 0,
  need: NEED,
  hold: 0,
})

/** The person chose; against the rule only for a while, or it would be no choice. */
export const choose = (ladder: Ladder, wish: Mode): Ladder => ({
  ...begin(wish),
  need: ladder.need,
  hold: ladder.step === ladder.wish ? 0 : HOLD,
})

type Verdict = 'bad' | 'fair' | 'good' | 'unknown'

export function verdict(reading: Reading, step: Mode, terms: Terms): Verdict {
  const { roundTripMs, lost, available } = reading
  if (roundTripMs === null && lost === null) return 'unknown'
  // A voice alone stands more than moving pictures before it is worth no picture at all.
  const moving = step === 'video'
  const slow = (roundTripMs ?? 0) > terms.slow_ms * (moving ? 1 : 2)
  const holes = (lost ?? 0) > (moving ? 0.08 : 0.2)
  const narrow = moving && available !== null && available < terms.still_kbps
  if (slow || holes || narrow) return 'bad'
  const quick = (roundTripMs ?? 0) <= terms.slow_ms / 2
  return quick && (lost ?? 0) <= 0.02 ? 'good' : 'fair'
}

/** What becomes of it by one more reading. */
export function read(ladder: Ladder, reading: Reading, terms: Terms): Ladder {
  if (!STEPS.includes(ladder.wish)) return ladder
  if (ladder.hold > 0) return { ...ladder, hold: ladder.hold - 1 }
  const found = verdict(reading, ladder.step, terms)
  if (found === 'unknown') return { ...ladder, strain: 0, calm: 0 } // lost, not thin
  const strain = Math.max(0, ladder.strain + (found === 'bad' ? 1 : found === 'good' ? -1 : 0))
  const calm = found === 'good' ? ladder.calm + 1 : found === 'bad' ? 0 : ladder.calm
  if (strain >= STRAIN) return down({ ...ladder, strain, calm })
  if (calm >= ladder.need && ladder.step !== ladder.wish) return up(ladder)
  const need = calm < FORGET ? ladder.need : NEED
  return { ...ladder, strain, calm, need }
}

function down(ladder: Ladder): Ladder {
  const step = STEPS[STEPS.indexOf(ladder.step) + 1]
  if (step === undefined) return { ...ladder, strain: STRAIN }
  // It has been up before, and that was too soon.
  const need = Math.min(MOST_NEED, ladder.need * 2)
  return { ...ladder, step, strain: 0, calm: 0, need, hold: SETTLE }
}

function up(ladder: Ladder): Ladder {
  const step = STEPS[STEPS.indexOf(ladder.step) - 1] ?? ladder.wish
  return { ...ladder, step, strain: 0, calm: 0, hold: SETTLE }
}

const most = (told: readonly (number | null)[]): number | null =>
  told.reduce((a, b) => (a === null ? b : b === null ? a : Math.max(a, b)), null)

/** The worst of several lines; what could be sent is known of lines that send. */
export function worst(lines: readonly Reading[]): Reading | null {
  if (lines.length === 0) return null
  const least = most(lines.map((one) => (one.available === null ? null : -one.available)))
  return {
    roundTripMs: most(lines.map((one) => one.roundTripMs)),
    lost: most(lines.map((one) => one.lost)),
    available: least === null ? null : -least,
  }
}
