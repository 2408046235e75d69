/** Everything that a person in a conference has: their place, their devices, and the others. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { ConferenceOut } from '../shared/schema'
import { conferenceQuery, freshConference, wordsQuery } from './api'
import { serversOf } from './Check'
import { type Local, stillOf } from './local'
import { Peers } from './peers'
import { ServerMedia } from './server'
import { type Member, type Signal, useWay } from './signal'
import { begin, choose, type Ladder, type Reading, read, SETTLE, type Terms } from './steps'
import { BAD_COUNTS, falls } from './streams'
import type { Ice, Remote, Transport } from './transport'

const NOBODY: ReadonlyMap<string, Remote> = new Map()
const quiet = () => () => undefined

const iceOf = (conference: ConferenceOut): Ice => ({
  servers: serversOf(conference.ice),
  relayOnly: conference.relay_only,
})

/** The others' pictures and voices, as long as one is in. */
export function useTransport(
  conference: ConferenceOut,
  signal: Signal,
  local: Local,
): Transport | null {
  const [transport, setTransport] = useState<Transport | null>(null)
  const [first] = useState(conference)
  const way = useWay(signal)
  useEffect(() => {
    const fresh = async () => iceOf(await freshConference(first.appointment_id))
    const Made = way === 'server' ? ServerMedia : Peers
    const made = new Made(signal, local, iceOf(first), fresh)
    setTransport(made)
    return () => made.stop()
  }, [first, signal, local, way])
  return transport
}

export function useRemotes(transport: Transport | null): ReadonlyMap<string, Remote> {
  return useSyncExternalStore(transport?.watch ?? quiet, () => transport?.remotes ?? NOBODY)
}

/** Tells the others whatever is different about one's own devices. */
export function useOwnState(signal: Signal, local: Local): void {
  useEffect(() => {
    let told = ''
    const tell = () => {
      const state = {
        muted: local.muted || local.audio === null,
        camera: local.camera !== null,
        sharing: local.screen !== null,
        mode: local.mode,
        ...(local.streams.length > 0 ? { streams: local.streamStates } : {}),
      }
      if (JSON.stringify(state) === told) return
      told = JSON.stringify(state)
      signal.set(state)
    }
    tell()
    return local.watch(tell)
  }, [signal, local])
}

/**
 * Sends a still picture now and then: to everybody while that is how one takes part, and else to
 * those whose own line carries no moving ones.
 */
export function useSentStills(
  signal: Signal,
  local: Local,
  members: readonly Member[],
  seconds: number,
): void {
  const mode = members.find((one) => one.id === signal.me)?.mode ?? local.mode
  const thin = members.filter((one) => one.id !== signal.me && one.mode === 'still')
  const who = mode === 'still' ? '*' : mode === 'video' ? thin.map((one) => one.id).join(' ') : ''
  useEffect(() => {
    if (who === '') return
    const send = async () => {
      const picture = local.camera ? await stillOf(local.camera) : null
      if (picture === null) return
      for (const to of who.split(' ')) signal.send('still', { picture }, to === '*' ? null : to)
    }
    void send()
    const timer = setInterval(() => void send(), seconds * 1000)
    return () => clearInterval(timer)
  }, [signal, local, who, seconds])
}

/** The latest still picture of each member. A data address of a JPEG and nothing else. */
export function useStills(signal: Signal): ReadonlyMap<string, string> {
  const [stills, setStills] = useState<ReadonlyMap<string, string>>(new Map())
  useEffect(
    () =>
      signal.on<{ picture?: unknown }>('still', ({ picture }, from) => {
        if (typeof picture !== 'string' || !/^data:image\/jpeg;base64,[\w+/=]+$/.test(picture))
          return
        setStills((before) => new Map(before).set(from, picture))
      }),
    [signal],
  )
  return stills
}

/** One's own picture; it moves here also while the others are sent stills of it. */
export function useOwnStream(local: Local): MediaStream | null {
  const track = useSyncExternalStore(local.watch, () => local.camera)
  return useMemo(() => (track === null ? null : new MediaStream([track])), [track])
}

const NAMES_MS = 6_000

/** Names come with the conference; whoever is new in it makes it asked for again. */
export function useNames(conference: ConferenceOut, members: readonly Member[]): void {
  const client = useQueryClient()
  const known = new Set(conference.members.map((one) => one.person_id))
  const strange = members.filter((one) => !known.has(one.person_id)).map((one) => one.person_id)
  const who = strange.sort().join(' ')
  useEffect(() => {
    if (who === '') return
    const key = conferenceQuery(conference.appointment_id).queryKey
    const ask = () => void client.invalidateQueries({ queryKey: key, exact: true })
    ask()
    // What is asked over a line that is just being lost is not answered.
    const timer = setInterval(ask, NAMES_MS)
    return () => clearInterval(timer)
  }, [client, who, conference.appointment_id])
}

/** How much was written while nobody looked; what is written shows at once where somebody does. */
export function useUnread(conference: ConferenceOut, signal: Signal, looking: boolean): number {
  const client = useQueryClient()
  const [unread, setUnread] = useState(0)
  const id = conference.appointment_id
  useEffect(
    () =>
      signal.on<{ person_id?: string }>('chat', (said) => {
        void client.invalidateQueries({ queryKey: wordsQuery(id).queryKey })
        if (said.person_id !== conference.me) setUnread((n) => n + 1)
      }),
    [client, signal, id, conference.me],
  )
  if (looking && unread > 0) setUnread(0)
  return unread
}

/** The ladder after one more look at the lines; the devices follow it. */
function climbed(before: Ladder, local: Local, reading: Reading, terms: Terms): Ladder {
  // Whatever is not what the rule said was chosen by the person.
  const ladder = local.mode === before.step ? before : choose(before, local.mode)
  if (!local.adapts) {
    if (ladder.step !== ladder.wish) void local.setMode(ladder.wish)
    return begin(ladder.wish)
  }
  // Without a camera there is nothing to leave out.
  if (ladder.step === 'video' && local.sentCamera === null) return ladder
  const next = read(ladder, reading, terms)
  // Where an operation is filmed the pictures beside the first one fall before it does.
  const more = local.sentExtras.some((track) => track !== null)
  if (next.step !== ladder.step && falls(BAD_COUNTS, more) === 'extras') {
    local.setThin(true)
    return { ...ladder, strain: 0, calm: 0, hold: SETTLE }
  }
  if (next.step !== ladder.step) void local.setMode(next.step)
  return next
}

/** How one takes part while the line is too thin for what one chose; null while it is not. */
export function useThinLine(
  local: Local,
  transport: Transport | null,
  terms: Terms,
): Ladder | null {
  const ladder = useRef(begin(local.mode))
  const [shown, setShown] = useState<Ladder | null>(null)
  useEffect(() => {
    let last: Reading | null = null
    return transport?.watch(() => {
      const { reading } = transport
      if (reading === null || reading === last) return
      last = reading
      const next = climbed(ladder.current, local, reading, terms)
      ladder.current = next
      setShown(next.step === next.wish ? null : next)
    })
  }, [local, transport, terms])
  return shown
}
