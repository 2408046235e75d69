/** The presenter of a conference and what they show, kept current over the conference's line. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { type Signal, useMembers, useSignalState } from '../signal'
import { heard, mayPass, NOBODY, type Presenting, standing } from './presenting'
import { apartOf, heardShown, type Shown } from './views'

type Note =
  | { what: 'presenter'; presenter: string | null; term: number }
  | { what: 'case?' }
  | { what: 'case'; presenter: string; term: number; shown: Shown | null }

/** An answer to what one asked is believed for so long. */
const ASKED_MS = 5000

export interface Stage {
  presenter: string | null
  mine: boolean
  /** What the presenter shows, as last heard; null before. */
  shown: Shown | null
  may: boolean
  pass: (to: string | null) => void
  show: (shown: Shown) => void
}

export function usePresenting(signal: Signal, leads: (member: string) => boolean): Stage {
  const members = useMembers(signal)
  const line = useSignalState(signal)
  const [now, setNow] = useState<Presenting>(NOBODY)
  const [shown, setShown] = useState<Shown | null>(null)
  const ids = members.map((one) => one.id)
  const here = standing(now, ids)
  const me = signal.me ?? ''
  const last = useRef<{ now: Presenting; shown: Shown | null }>({ now: NOBODY, shown: null })
  last.current.now = here
  const chairs = useRef(leads)
  chairs.current = leads
  const asked = useRef(0)

  useEffect(() => {
    const answer = (to: string) => {
      const { now, shown } = last.current
      if (now.presenter !== null && now.presenter === signal.me)
        signal.send('note', { what: 'case', ...now, shown }, to)
    }
    const offNote = signal.on<Note>('note', (note, from) => {
      if (note.what === 'case?') answer(from)
      if (note.what === 'presenter') {
        const said = { presenter: note.presenter, term: note.term }
        setNow(heard(last.current.now, said, from, chairs.current(from)))
        setShown(null)
      }
      if (note.what === 'case' && note.presenter === from) {
        const fresh = performance.now() - asked.current < ASKED_MS
        if (!fresh || note.term < last.current.now.term) return
        setNow({ presenter: note.presenter, term: note.term })
        setShown(heardShown(note.shown))
      }
    })
    const offView = signal.on<{ shown: Shown }>('view', (view, from) => {
      const shown = heardShown(view.shown)
      if (from === last.current.now.presenter && shown !== null) setShown(shown)
    })
    return () => {
      offNote()
      offView()
    }
  }, [signal])

  useEffect(() => {
    // Whoever comes, or comes back, asks what the others look at.
    if (line !== 'in') return
    asked.current = performance.now()
    signal.send('note', { what: 'case?' })
  }, [signal, line])

  const pass = useCallback(
    (to: string | null) => {
      const next = { presenter: to, term: last.current.now.term + 1 }
      signal.send('note', { what: 'presenter', ...next })
      setNow(next)
      setShown(null)
    },
    [signal],
  )
  const show = useCallback(
    (next: Shown) => {
      last.current.shown = next
      // Ten a second: of one's own only what others do not see is looked at.
      setShown((now) => (now !== null && apartOf(now) === apartOf(next) ? now : next))
      signal.send('view', { shown: next })
    },
    [signal],
  )
  return {
    presenter: here.presenter,
    mine: here.presenter !== null && here.presenter === me,
    shown,
    may: line === 'in' && mayPass(here, me, leads(me)),
    pass,
    show,
  }
}
