/** The notes of a page, kept with the server and with the others in the conference. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { KEYS, queryClient } from '../../shared/queries'
import type { MinutesOut } from '../../shared/schema'
import type { Member, Signal } from '../signal'
import { ioOf } from './api'
import { Notes } from './notes'

/** Where nobody rings, the notes look for themselves. */
const LOOK_MS = 3000
const WRITING_MS = 4000
const SAY_WRITING_MS = 1500

type Ring = { what: 'notes'; head: number } | { what: 'writing'; section: string }

/** Notes that live as long as the page; `again` begins anew with the server's text. */
export function useNotes(found: MinutesOut, signal: Signal | null): Notes {
  const id = found.appointment_id
  const [notes] = useState(
    () =>
      new Notes(ioOf(id), found, (head) => {
        signal?.send('note', { what: 'notes', head } satisfies Ring)
      }),
  )
  useEffect(() => {
    const look = () => void notes.look().catch(() => undefined)
    const timer = setInterval(look, LOOK_MS)
    const off = signal?.on<Ring>('note', (ring) => {
      if (ring.what === 'notes' && ring.head > notes.head) look()
    })
    window.addEventListener('online', look)
    return () => {
      clearInterval(timer)
      off?.()
      window.removeEventListener('online', look)
    }
  }, [notes, signal])
  useEffect(() => () => notes.close(), [notes])
  const unsaved = useSyncExternalStore(notes.watch, () => notes.isUnsaved)
  useEffect(() => {
    if (!unsaved) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [unsaved])
  const changed = useSyncExternalStore(
    notes.watch,
    () => notes.minutes !== 'open' || notes.version > found.version,
  )
  useEffect(() => {
    // Somebody closed the text, or said who was there: ask for the whole.
    if (changed) void queryClient.invalidateQueries({ queryKey: [KEYS.minutes, 'one', id] })
  }, [changed, id])
  return notes
}

/** Says to the others where one writes, not more often than they need it. */
export function useSayWriting(signal: Signal | null): (section: string) => void {
  const [said] = useState({ at: 0 })
  return (section) => {
    const now = performance.now()
    if (now - said.at < SAY_WRITING_MS) return
    said.at = now
    signal?.send('note', { what: 'writing', section } satisfies Ring)
  }
}

/** Who writes where just now, by their members' ids. */
export function useWriters(signal: Signal | null): ReadonlyMap<string, readonly string[]> {
  const [writers, setWriters] = useState<ReadonlyMap<string, { section: string; until: number }>>(
    new Map(),
  )
  useEffect(() => {
    if (signal === null) return
    const off = signal.on<Ring>('note', (ring, from) => {
      if (ring.what !== 'writing') return
      const until = performance.now() + WRITING_MS
      setWriters((was) => new Map(was).set(from, { section: ring.section, until }))
    })
    const timer = setInterval(() => {
      const now = performance.now()
      setWriters((was) =>
        [...was.values()].some((one) => one.until < now)
          ? new Map([...was].filter(([, one]) => one.until >= now))
          : was,
      )
    }, 1000)
    return () => {
      off()
      clearInterval(timer)
    }
  }, [signal])
  const found = new Map<string, string[]>()
  for (const [member, { section }] of writers)
    found.set(section, [...(found.get(section) ?? []), member])
  return found
}

/** A member's name, from the people of the minutes. */
export function nameOf(found: MinutesOut, members: readonly Member[], id: string): string {
  const person = members.find((one) => one.id === id)?.person_id
  return found.people.find((one) => one.person_id === person)?.name ?? ''
}
