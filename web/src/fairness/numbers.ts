/**
 * Numbers of the ledger as people read them, and what a reader's choices may be said to show.
 *
 * It passes no judgement: from few choices nothing is said, and a difference that blind choice
 * would make as well is called none.
 */
import type { PickingOut } from '../shared/schema'
import { signed } from '../tally/numbers'
import type { Figure } from './api'

/** Points and hours: 12, 1.5, 1,204.5. */
export function amountWords(n: number): string {
  return n.toLocaleString('en-US', { maximumFractionDigits: 1 })
}

/** A fraction of one: 33%. */
export function percentWords(fraction: number): string {
  return `${Math.round(fraction * 100)}%`
}

/** From how many choices on, and how many standard errors away, docs/assignment.md looks at it. */
export const ENOUGH = 30
const FAR = 3

export type Said = 'none' | 'few' | 'alike' | 'blind' | 'lighter' | 'heavier'

/** What the choices show: nothing to choose, too few, all of one weight, as blind choice, or not. */
export function saidOf(picking: PickingOut | null): Said {
  if (picking === null) return 'none'
  if (picking.choices < ENOUGH) return 'few'
  if (picking.z === null) return 'alike'
  if (Math.abs(picking.z) <= FAR) return 'blind'
  return picking.z < 0 ? 'lighter' : 'heavier'
}

/** The index and z with their signs: −0.18 (z −3.4). */
export function indexWords({ index, z }: Pick<PickingOut, 'index' | 'z'>): string {
  const words = signed(index, 2)
  return z === null ? words : `${words} (z ${signed(z)})`
}

interface Shares {
  share: number
  expected: number
}

/** Where a bar of done ends and the mark of expected stands, 0 to 100 of the longest of all. */
export function barsOf(one: Shares, all: readonly Shares[]): { done: number; expected: number } {
  const longest = Math.max(0, ...all.flatMap((each) => [each.share, each.expected]))
  const part = (value: number) => (longest > 0 ? (value / longest) * 100 : 0)
  return { done: part(one.share), expected: part(one.expected) }
}

type Sums = Record<Figure, { points: number; count: number }>

/** Everybody together. */
export function totalOf(readers: readonly Sums[], figure: Figure) {
  return readers.reduce(
    (sum, each) => ({
      points: sum.points + each[figure].points,
      count: sum.count + each[figure].count,
    }),
    { points: 0, count: 0 },
  )
}
