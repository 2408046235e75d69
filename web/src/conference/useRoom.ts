/** Everything that a person in a conference has: their place, their devices, and the others. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { KEYS } from '../shared/queries'
import type { ConferenceOut } from '../shared/schema'
import { freshConference, wordsQuery } from './api'
import { serversOf } from './Check'
import { type Local, stillOf } from './local'
import { Peers } from './peers'
import { ServerMedia } from './server'
import { type Member, type Mode, type Signal, useWay } from './signal'
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
): ReadonlyMap<string, Remote> {
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

/** Sends a still picture now and then while that is how one takes part. */
export function useSentStills(signal: Signal, local: Local, mode: Mode, seconds: number): void {
  useEffect(() => {
    if (mode !== 'still') return
    const send = async () => {
      const picture = local.camera ? await stillOf(local.camera) : null
      if (picture !== null) signal.send('still', { picture })
    }
    void send()
    const timer = setInterval(() => void send(), seconds * 1000)
    return () => clearInterval(timer)
  }, [signal, local, mode, seconds])
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

/** One's own picture, as the others are sent it. */
export function useOwnStream(local: Local): MediaStream | null {
  const track = useSyncExternalStore(local.watch, () => local.sentCamera)
  return useMemo(() => (track === null ? null : new MediaStream([track])), [track])
}

/** Names come with the conference; whoever is new in it makes it asked for again. */
export function useNames(conference: ConferenceOut, members: readonly Member[]): void {
  const client = useQueryClient()
  const known = new Set(conference.members.map((one) => one.person_id))
  const strange = members.filter((one) => !known.has(one.person_id)).map((one) => one.person_id)
  const who = strange.sort().join(' ')
  useEffect(() => {
    if (who !== '')
      void client.invalidateQueries({ queryKey: [KEYS.conference, conference.appointment_id] })
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

/**
 * Whether a line on which moving pictures are sent has carried too little for some time. Where an
 * operation is filmed the pictures beside the first one fall before that is said.
 */
export function useWorse(
  local: Local,
  remotes: ReadonlyMap<string, Remote>,
  leastKbps: number,
): boolean {
  const extras = useSyncExternalStore(local.watch, () => local.sentExtras.some((one) => one))
  const sends = useSyncExternalStore(local.watch, () => local.sentCamera !== null)
  const [bad, setBad] = useState(0)
  useEffect(() => {
    const thin = [...remotes.values()].some(
      ({ quality, counted }) =>
        quality === 'poor' || (counted?.available != null && counted.available < leastKbps / 4),
    )
    setBad((n) => (thin ? Math.min(n + 1, BAD_COUNTS) : 0))
  }, [remotes, leastKbps])
  const falling = falls(bad, extras)
  useEffect(() => {
    if (falling !== 'extras') return
    local.setThin(true)
    setBad(0)
  }, [falling, local])
  return sends && falling === 'stills'
}
