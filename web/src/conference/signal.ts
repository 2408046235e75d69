/**
 * The conference over the live line: who is in it, and what its members say to each other.
 *
 * `Signal` is one page's place in one conference. It enters, answers the server's beats, comes back
 * by itself when the line was away, and hands on what is said. Everything inside a conference
 * (pictures and voices, the case, the notes) talks through it:
 *
 *     const signal = useSignal()                        // below a ConferencePage
 *     const members = useMembers(signal)                // who is there, with their states
 *     useEffect(() => signal.on<View>('view', (view, from) => follow(view, from)), [signal])
 *     signal.send('view', { slice: 12 })                // to all; a third argument: to one member
 *
 * `view` is sent a dozen times a second at most, the latest one wins; `note` is sent as it comes.
 * Both carry 4000 bytes at most and are kept nowhere: who comes later has not heard them, so a
 * newcomer asks and somebody tells (`on('members', …)` says who came). What is said while the line
 * is away is lost, and `send` says so by returning false.
 */
import { createContext, useContext, useSyncExternalStore } from 'react'
import { live, onConference, onLiveState } from '../live/live'
import type { ConferenceMessage } from '../live/socket'

export type Mode = 'video' | 'still' | 'audio' | 'phone'

/** Somebody in the conference, or whose line is lost and whose place is kept. */
export interface Member {
  /** The same for a person as long as the conference lasts. */
  readonly id: string
  readonly person_id: string
  readonly institution_id: string
  readonly state: 'present' | 'dropped'
  readonly mode: Mode
  /** Changes when they come back by another page: whatever was agreed with the one before is gone. */
  readonly page: string | null
  readonly muted: boolean
  readonly camera: boolean
  readonly hand: boolean
  readonly sharing: boolean
  /** Listed to watch: sees and hears, and is neither seen nor heard. */
  readonly watches: boolean
  /** The service's pictures that they send, by code. */
  readonly streams: Readonly<Record<string, 'on' | 'thin'>>
}

/** What members may send each other. */
export type Kind = 'offer' | 'answer' | 'candidate' | 'still' | 'view' | 'note' | 'media'
/** What is heard: that, and what was written (`chat` comes from the server alone). */
export type Heard = Kind | 'chat'

/** How pictures and voices travel: from member to member, or over the media server. */
export type Way = 'peers' | 'server'

/** What the media server said to a question. */
export interface MediaAnswer {
  readonly answer?: string
  readonly offer?: string
  /** That member sends nothing just now. */
  readonly absent?: boolean
  readonly failed?: boolean
}

export type SignalState = 'waiting' | 'in' | 'lost' | 'refused' | 'closed'

export interface Refusal {
  readonly code: string
  readonly zh: string
  readonly en: string
}

export interface MyState {
  muted?: boolean
  camera?: boolean
  hand?: boolean
  sharing?: boolean
  mode?: Mode
  streams?: Record<string, 'on' | 'thin'>
}

type Handler = (data: never, from: string) => void

const VIEW_MS = 80
/** The server asks every three seconds; three of them missed is a line that carries nothing. */
const SILENCE_MS = 9_000
const WATCH_MS = 1_000
const MEDIA_MS = 12_000

export class Signal {
  state: SignalState = 'waiting'
  /** One's own id among the members, once one is in. */
  me: string | null = null
  members: readonly Member[] = []
  way: Way = 'peers'
  refusal: Refusal | null = null
  /** Why it is closed: left, closed, not-invited, other-page, other-standing. */
  why: string | null = null

  private readonly page = crypto.randomUUID()
  private readonly handlers = new Map<string, Set<Handler>>()
  private readonly watchers = new Set<() => void>()
  private readonly ends: (() => void)[] = []
  private heardAt = performance.now()
  private mine: MyState = {}
  private mode: Mode = 'video'
  private readonly asked = new Map<string, (answer: MediaAnswer) => void>()
  private view: { data: object; to: string | null } | null = null
  private viewDue: ReturnType<typeof setTimeout> | undefined

  constructor(readonly appointmentId: string) {}

  /** Enters, and stays in until `leave`: whenever the line is back, so is one's place. */
  enter(mode: Mode): void {
    this.mode = mode
    this.state = 'waiting'
    this.refusal = this.why = null
    this.ends.push(onConference((message) => this.receive(message)))
    this.ends.push(
      onLiveState((line) => {
        if (line === 'live') this.ask()
        else this.lose()
      }),
    )
    const watch = setInterval(() => this.tryLine(), WATCH_MS)
    this.ends.push(() => clearInterval(watch))
    this.tell()
  }

  /** Leaves for good. */
  leave(): void {
    if (this.ends.length === 0) return
    live.say({ do: 'leave' })
    this.close('left')
  }

  /** Sends to all members, or to one; whether there was a line to send it on. */
  send(kind: Kind, data: object, to: string | null = null): boolean {
    if (this.state !== 'in') return false
    if (kind !== 'view') return live.say({ do: 'send', kind, to, data })
    this.view = { data, to }
    this.viewDue ??= setTimeout(() => this.sendView(), VIEW_MS)
    return true
  }

  /** Asks the media server; a question that is asked again before its answer is forgotten. */
  askMedia(op: string, given: { member?: string; offer?: string; answer?: string; on?: boolean }) {
    return new Promise<MediaAnswer>((tell) => {
      const key = `${op} ${given.member ?? ''}`
      this.asked.get(key)?.({ failed: true })
      this.asked.set(key, tell)
      if (this.state !== 'in' || !live.say({ do: 'media', op, ...given })) this.answer(key, null)
      else setTimeout(() => this.asked.get(key) === tell && this.answer(key, null), MEDIA_MS)
    })
  }

  /** Tells the others what one does: muted, camera, hand, sharing, mode. */
  set(state: MyState): void {
    this.mine = { ...this.mine, ...state }
    if (state.mode) this.mode = state.mode
    if (this.state === 'in') live.say({ do: 'state', state })
  }

  /** Hears messages of a kind until the returned function is called; `from` is a member's id. */
  on<T extends object>(kind: Heard, handler: (data: T, from: string) => void): () => void
  on(kind: 'members', handler: (members: readonly Member[]) => void): () => void
  on(kind: string, handler: Handler): () => void {
    const kept = this.handlers.get(kind) ?? new Set()
    this.handlers.set(kind, kept)
    kept.add(handler)
    return () => kept.delete(handler)
  }

  /** For React: called whenever `state` or `members` is another. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  private ask(): void {
    this.heardAt = performance.now()
    live.say({ do: 'enter', id: this.appointmentId, page: this.page, mode: this.mode })
  }

  private lose(): void {
    if (this.state !== 'in') return
    this.state = 'lost'
    this.tell()
  }

  private tryLine(): void {
    if (this.state !== 'in' || performance.now() - this.heardAt < SILENCE_MS) return
    this.lose()
    live.renew()
  }

  private sendView(): void {
    this.viewDue = undefined
    if (this.view !== null && this.state === 'in')
      live.say({ do: 'send', kind: 'view', ...this.view })
    this.view = null
  }

  private receive(message: ConferenceMessage): void {
    if (message.type === 'error') {
      this.refuse(message as unknown as Refusal)
      return
    }
    if (message.id !== this.appointmentId) return
    this.heardAt = performance.now()
    if (message.event === 'beat') live.say({ do: 'here' })
    else if (message.event === 'entered') this.entered(String(message.me))
    else if (message.event === 'members') {
      this.way = message.media as Way
      this.take(message.members as Member[])
    } else if (message.event === 'media')
      this.answer(`${message.op} ${message.member ?? ''}`, message as unknown as MediaAnswer)
    else if (message.event === 'closed') this.close(String(message.why))
    else if (message.event === 'message')
      this.hand(String(message.kind), message.data, String(message.from))
  }

  private answer(key: string, answer: MediaAnswer | null): void {
    const tell = this.asked.get(key)
    this.asked.delete(key)
    tell?.(answer ?? { failed: true })
  }

  private entered(me: string): void {
    this.me = me
    this.state = 'in'
    if (Object.keys(this.mine).length > 0) live.say({ do: 'state', state: this.mine })
    this.tell()
  }

  private take(members: readonly Member[]): void {
    this.members = members
    this.hand('members', members, '')
    this.tell()
  }

  private refuse(refusal: Refusal): void {
    // While one is in, a refusal is of a single message: too many, or to somebody who has left.
    if (this.state !== 'waiting' && this.state !== 'lost') return
    this.refusal = refusal
    this.end('refused')
  }

  private close(why: string): void {
    this.why = why
    this.end('closed')
  }

  private end(state: SignalState): void {
    for (const end of this.ends.splice(0)) end()
    clearTimeout(this.viewDue)
    this.viewDue = undefined
    this.state = state
    this.members = []
    this.hand('members', this.members, '')
    this.tell()
  }

  private hand(kind: string, data: unknown, from: string): void {
    for (const handler of this.handlers.get(kind) ?? []) handler(data as never, from)
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher()
  }
}

const SignalContext = createContext<Signal | null>(null)
export const SignalProvider = SignalContext.Provider

/** The conference that this part of the page is in. */
export function useSignal(): Signal {
  const signal = useContext(SignalContext)
  if (signal === null) throw new Error('useSignal is for what stands on a conference page')
  return signal
}

/** Who is there, kept current. */
export function useMembers(signal: Signal): readonly Member[] {
  return useSyncExternalStore(signal.watch, () => signal.members)
}

export function useWay(signal: Signal): Way {
  return useSyncExternalStore(signal.watch, () => signal.way)
}

export function useSignalState(signal: Signal): SignalState {
  return useSyncExternalStore(signal.watch, () => signal.state)
}
