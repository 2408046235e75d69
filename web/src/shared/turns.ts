/**
 * How a case's turns lie on a strip: where each begins and ends, and where the promise falls due.
 *
 * A strip is as long as from the first turn to now, to the end, or to the due time, whichever is
 * last. A turn of a minute beside one of a day would vanish, so each part has a least width; what
 * is left is shared by duration, and a moment is placed within its own part.
 */

export interface Turn {
  side: 'provider' | 'requester'
  since: number
  /** Null while it lasts. */
  until: number | null
}

export interface Part {
  /** Whose clock ran; null where nobody's did: between turns, and before a due time to come. */
  side: Turn['side'] | null
  /** Which turn it is, null for none. */
  turn: number | null
  from: number
  to: number
  /** Percent of the strip. */
  left: number
  width: number
}

export const LEAST = 5

export function partsOf(turns: readonly Turn[], now: number, due: number | null): Part[] {
  const spans = gapless(turns, now, due)
  const whole = spans.reduce((sum, span) => sum + (span.to - span.from), 0)
  const free = 100 - LEAST * spans.length
  let left = 0
  return spans.map((span) => {
    const share = whole > 0 ? (span.to - span.from) / whole : 1 / spans.length
    const width = free > 0 ? LEAST + free * share : 100 / spans.length
    const part = { ...span, left, width }
    left += width
    return part
  })
}

/** Turns one after the other, with nobody's time between them and up to a due time to come. */
function gapless(turns: readonly Turn[], now: number, due: number | null) {
  const spans: Omit<Part, 'left' | 'width'>[] = []
  let end: number | null = null
  for (const [turn, { side, since, until }] of turns.entries()) {
    if (end !== null && since > end) spans.push({ side: null, turn: null, from: end, to: since })
    end = Math.max(since, until ?? now)
    spans.push({ side, turn, from: since, to: end })
  }
  const waits = turns.at(-1)?.until === null && turns.at(-1)?.side === 'provider'
  if (end !== null && due !== null && waits && due > end)
    spans.push({ side: null, turn: null, from: end, to: due })
  return spans
}

/** Where a moment lies, in percent; null before the strip begins or after it ends. */
export function placeOf(parts: readonly Part[], at: number): number | null {
  const part = parts.find((each) => each.from <= at && at <= each.to)
  if (part === undefined) return null
  const long = part.to - part.from
  return part.left + (long > 0 ? (part.width * (at - part.from)) / long : 0)
}
