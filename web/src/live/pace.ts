/** How soon a page asks again after a fact: a busy hospital's screens must not all ask at each. */
import type { LiveActivity } from './socket'

const TOGETHER_MS = 120
const APART_MS = 1_000

/** Whether somebody's minutes depend on seeing this fact. */
export function presses(item: LiveActivity): boolean {
  const rings = item.kind.startsWith('critical.') || item.kind.startsWith('calling.')
  return rings || (item.urgency ?? 'routine') !== 'routine'
}

/**
 * Milliseconds from a fact to the asking: facts that come together are asked for together, and
 * what does not press follows the asking before it by a second.
 */
export function pace(sinceAsked: number, pressing: boolean): number {
  return pressing ? TOGETHER_MS : Math.max(TOGETHER_MS, APART_MS - sinceAsked)
}
