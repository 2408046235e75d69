/** The pictures that an operating side sends: from where each comes, and which falls first. */
import type { Member } from './signal'
import type { Remote } from './transport'

/** A camera by its device, or the screen (where a capture card or a viewer shows the picture). */
export type Source = string
export const SCREEN: Source = 'screen'

export type StreamState = 'on' | 'thin'

export interface Shown {
  readonly member: Member
  readonly state: StreamState
  readonly stream: MediaStream | null
}

/** Who sends a picture, and where it comes in: the first by the camera's line, others by their own. */
export function shownOf(
  code: string,
  place: number,
  members: readonly Member[],
  remotes: ReadonlyMap<string, Remote>,
): Shown | null {
  const member = members.find((one) => one.state === 'present' && one.streams[code] !== undefined)
  const state = member?.streams[code]
  if (member === undefined || state === undefined) return null
  const remote = remotes.get(member.id)
  const stream = place === 0 ? remote?.camera : remote?.extras[place - 1]
  return { member, state, stream: stream ?? null }
}

/** How often a line was found too thin before anything falls. */
export const BAD_COUNTS = 4

/** What falls on a thin line: the pictures beside the first one, then every moving picture. */
export function falls(bad: number, extras: boolean): 'extras' | 'stills' | null {
  if (bad < BAD_COUNTS) return null
  return extras ? 'extras' : 'stills'
}
