/** For when a case wishes its session: read from its form, and looked for before any other time. */
import { DAY, dayAfter, dayOf, midnight } from '../roster/days'
import type { RequestOut, ServiceTypeOut, SlotOut } from '../shared/schema'

/** When it is wished, in milliseconds, and for how many minutes if the form says so. */
export interface Wished {
  at: number
  minutes?: number
}

const SHORTEST = 8
const LONGEST = 480
/** The furthest day that can be searched, and how many days a search begins with. */
export const FURTHEST = 91
const SPAN = 13

/** What the form of a case says of its time; undefined where it says none. */
export function wishOf(
  item: Pick<RequestOut, 'content'>,
  service: Pick<ServiceTypeOut, 'wished'> | undefined,
): Wished | undefined {
  if (!service?.wished) return undefined
  const at = Date.parse(String(item.content[service.wished.at] ?? ''))
  if (Number.isNaN(at)) return undefined
  const minutes = Number(item.content[service.wished.minutes ?? ''] || Number.NaN)
  const whole = Math.floor(at / 60_000) * 60_000
  if (!Number.isFinite(minutes)) return { at: whole }
  return { at: whole, minutes: Math.min(LONGEST, Math.max(SHORTEST, Math.round(minutes))) }
}

/** The first and last day of the first search: from the wished day on, if it can still be booked. */
export function daysFor(wished: Wished | undefined, now: number): [string, string] {
  const today = midnight(dayOf(now))
  const last = today + FURTHEST * DAY
  const from = Math.min(Math.max(wished?.at ?? today, today), last)
  return [dayOf(from), dayOf(Math.min(midnight(dayAfter(dayOf(from), SPAN)), last))]
}

/** The slot that begins nearest to a moment; the earlier of two that are as near. */
export function nearestOf(slots: readonly SlotOut[], at: number): SlotOut | undefined {
  const far = (slot: SlotOut) => Math.abs(Date.parse(slot.since) - at)
  return slots.reduce<SlotOut | undefined>(
    (best, slot) => (best === undefined || far(slot) < far(best) ? slot : best),
    undefined,
  )
}
