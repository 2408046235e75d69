/** The page's one live line: what it hears makes the right questions be asked again. */
import { useEffect, useSyncExternalStore } from 'react'
import { tellSignedOut } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import { pace, presses } from './pace'
import { tellPresence } from './presence'
import { Renewal } from './renewal'
import { type ConferenceMessage, type LiveActivity, LiveSocket, type LiveState } from './socket'

type Listener = (items: readonly LiveActivity[]) => void

let state: LiveState = 'stopped'
const stateListeners = new Set<() => void>()
const activityListeners = new Set<Listener>()
const conferenceListeners = new Set<(message: ConferenceMessage) => void>()

/** Which lists a kind of fact changes, by the first word of the kind. */
const LISTS: Record<string, readonly string[]> = {
  request: [KEYS.requests, KEYS.todo, KEYS.worklist, KEYS.opinions],
  opinion: [KEYS.opinions, KEYS.requests, KEYS.worklist],
  checklist: [KEYS.requests],
  approval: [KEYS.approvals, KEYS.requests, KEYS.todo],
  workitem: [KEYS.requests, KEYS.worklist, KEYS.reports],
  report: [KEYS.requests, KEYS.todo, KEYS.worklist, KEYS.reports],
  critical: [KEYS.requests, KEYS.todo, KEYS.worklist, KEYS.notices],
  notice: [KEYS.notices],
  escalation: [KEYS.notices],
  study: [KEYS.studies, KEYS.requests, KEYS.worklist],
  images: [KEYS.studies, KEYS.requests],
  conflict: [KEYS.studies],
  patient: [KEYS.studies, KEYS.requests],
  duty: [KEYS.roster, KEYS.appointments],
  appointment: [KEYS.appointments, KEYS.conference],
  conference: [KEYS.conference],
  minutes: [KEYS.minutes],
  waiting: [KEYS.appointments],
  followup: [KEYS.requests, KEYS.todo, KEYS.notices],
  evaluation: [KEYS.requests],
  charge: [KEYS.requests],
  guidance: [KEYS.requests],
  accompaniment: [KEYS.appointments, KEYS.requests],
  calling: [KEYS.calls],
  diary: [KEYS.appointments],
  resource: [KEYS.appointments],
  agreement: [KEYS.network],
  course: [KEYS.training],
  lecture: [KEYS.training, KEYS.appointments],
  enrolment: [KEYS.training],
  material: [KEYS.training],
  credit: [KEYS.training],
  quiz: [KEYS.training],
}

const renewal = new Renewal(queryClient)
const pending = new Set<string>()
let asked = Number.NEGATIVE_INFINITY
let due = Number.POSITIVE_INFINITY
let asking: ReturnType<typeof setTimeout> | undefined

function hear(items: readonly LiveActivity[]): void {
  for (const item of items)
    for (const key of LISTS[item.kind.split('.')[0] ?? ''] ?? []) pending.add(key)
  for (const listener of activityListeners) listener(items)
  const now = performance.now()
  const at = now + pace(now - asked, items.some(presses))
  if (at >= due) return
  clearTimeout(asking)
  due = at
  asking = setTimeout(ask, at - now)
}

function ask(): void {
  asked = performance.now()
  due = Number.POSITIVE_INFINITY
  for (const key of pending) renewal.of(key)
  pending.clear()
}

export const live = new LiveSocket(
  () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`,
  {
    activities: hear,
    presence: tellPresence,
    conference: (message) => {
      for (const listener of conferenceListeners) listener(message)
    },
    reload: () => void queryClient.invalidateQueries(),
    signedOut: tellSignedOut,
    state: (next) => {
      state = next
      for (const listener of stateListeners) listener()
    },
  },
)

window.addEventListener('online', () => live.hurry())

/** Calls back with what the server says about the conference that this page is in. */
export function onConference(listener: (message: ConferenceMessage) => void): () => void {
  conferenceListeners.add(listener)
  return () => conferenceListeners.delete(listener)
}

/** Calls back when the line comes or goes; at once with how it is. */
export function onLiveState(listener: (state: LiveState) => void): () => void {
  const told = () => listener(state)
  stateListeners.add(told)
  told()
  return () => stateListeners.delete(told)
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    () => state,
  )
}

/** Calls `listener` with every batch of facts while the component is shown. */
export function useActivities(listener: Listener): void {
  useEffect(() => {
    activityListeners.add(listener)
    return () => {
      activityListeners.delete(listener)
    }
  }, [listener])
}

/** Says that this page works on a claimed case, so that its lease stands. */
export function usePresence(requestId: string | null): void {
  useEffect(() => (requestId === null ? undefined : live.hold(requestId)), [requestId])
}
