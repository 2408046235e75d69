/**
 * The line to the server's activity log.
 *
 * It says hello with the last sequence number it has seen, and the server answers that we are up
 * to date, sends what we missed, or says that our number is too old (or from another log): then
 * everything is fetched anew. It carries ids only, so rows are always fetched with rights.
 */
export interface LiveActivity {
  readonly seq: number
  readonly kind: string
  readonly at: string
  readonly request_id: string | null
  readonly study_id: string | null
  readonly service?: string
  readonly urgency?: string
  readonly provider?: string
}

export type LiveState = 'connecting' | 'live' | 'lost' | 'stopped'

interface Heard {
  activities: (items: readonly LiveActivity[]) => void
  /** Our number means nothing to the server any more: fetch everything. */
  reload: () => void
  /** Somebody came, went or shows other cases. */
  presence?: (people: readonly PresenceChange[], whole: boolean) => void
  /** Something about the conference that this page is in. */
  conference?: (message: ConferenceMessage) => void
  state: (state: LiveState) => void
  signedOut: () => void
}

/** Somebody whose presence changed; `online` only of one's own institution, null when unknown. */
export interface PresenceChange {
  readonly account_id: string
  readonly person_id: string | null
  readonly online?: boolean | null
  readonly cases: readonly string[]
}

/** What the server says about a conference; `conference/signal.ts` knows what each means. */
export interface ConferenceMessage {
  readonly type: 'conference' | 'error'
  readonly event?: string
  readonly of?: string
  readonly [key: string]: unknown
}

type ServerMessage =
  | ConferenceMessage
  | { type: 'presence'; whole: boolean; people: PresenceChange[] }
  | { type: 'welcome'; answer: 'up-to-date' | 'here-they-are' | 'too-old' | 'ahead'; seq: number }
  | { type: 'activities'; items: LiveActivity[] }
  | { type: 'pong' }

const PRESENCE_MS = 15_000
const PING_MS = 10_000
/** Without a word for so long nobody is there: a pulled cable or a server that sleeps hangs up nowhere. */
const SILENCE_MS = 20_000
const SESSION_ENDED = 4401

export class LiveSocket {
  private socket: WebSocket | null = null
  private seq: number | null = null
  private failures = 0
  private stopped = true
  private retry: ReturnType<typeof setTimeout> | undefined
  private heartbeat: ReturnType<typeof setInterval> | undefined
  private watch: ReturnType<typeof setInterval> | undefined
  private heardAt = 0
  private readonly pongs: (() => void)[] = []
  private readonly present = new Map<string, number>()

  constructor(
    private readonly url: () => string,
    private readonly heard: Heard,
    private readonly open: (url: string) => WebSocket = (url) => new WebSocket(url),
  ) {}

  /**
   * What the page shows is at least as new as this number: only what came after it is missing. A
   * server of the version before says none.
   */
  from(seq: number | undefined): void {
    this.seq ??= seq ?? null
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.connect()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.retry)
    this.rest()
    this.socket?.close(1000)
    this.socket = null
    this.heard.state('stopped')
  }

  /** Skips the wait when the browser says that the line is back. */
  hurry(): void {
    if (this.stopped || this.socket !== null) return
    clearTimeout(this.retry)
    this.connect()
  }

  /** Says something about a conference; whether there was a line to say it on. */
  say(message: object): boolean {
    this.send({ type: 'conference', ...message })
    return this.socket?.readyState === 1
  }

  /** How long a word to the server and back takes, in milliseconds. */
  roundTrip(): Promise<number> {
    const asked = performance.now()
    return new Promise((tell) => {
      this.pongs.push(() => tell(performance.now() - asked))
      this.send({ type: 'ping' })
    })
  }

  /** Gives up a line that carries nothing, and begins another. */
  renew(): void {
    const socket = this.socket
    if (this.stopped || socket === null) return
    socket.close()
    this.closed(socket, 1006)
    this.hurry()
  }

  /** Keeps the lease on a claimed case for as long as the returned function is not called. */
  hold(requestId: string): () => void {
    this.present.set(requestId, (this.present.get(requestId) ?? 0) + 1)
    this.sayPresence()
    return () => {
      const left = (this.present.get(requestId) ?? 1) - 1
      if (left > 0) this.present.set(requestId, left)
      else this.present.delete(requestId)
      // Said also when nothing is left: what is not shown any more is nobody's to wonder about.
      this.send({ type: 'presence', requests: [...this.present.keys()] })
    }
  }

  private connect(): void {
    this.heard.state('connecting')
    const socket = this.open(this.url())
    this.socket = socket
    this.heardAt = performance.now()
    this.watch = setInterval(() => this.tryLine(socket), PING_MS)
    socket.onopen = () => this.send({ type: 'hello', since: this.seq, presence: true })
    socket.onmessage = (event) => this.receive(JSON.parse(String(event.data)) as ServerMessage)
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  /** Asks for a sign of life; without any for too long the line is given up, whatever it says. */
  private tryLine(socket: WebSocket): void {
    if (performance.now() - this.heardAt < SILENCE_MS) {
      this.send({ type: 'ping' })
      return
    }
    socket.close()
    this.closed(socket, 1006) // a dead line answers no goodbye: nobody waits for it
  }

  private rest(): void {
    clearInterval(this.heartbeat)
    clearInterval(this.watch)
  }

  private receive(message: ServerMessage): void {
    this.heardAt = performance.now()
    if (message.type === 'pong') for (const tell of this.pongs.splice(0)) tell()
    if (message.type === 'welcome') this.welcome(message.answer, message.seq)
    else if (message.type === 'activities') this.take(message.items)
    else if (message.type === 'presence') this.heard.presence?.(message.people, message.whole)
    else if (message.type === 'conference' || message.type === 'error') this.pass(message)
  }

  private pass(message: ConferenceMessage): void {
    if (message.type === 'conference' || message.of === 'conference')
      this.heard.conference?.(message)
  }

  private welcome(answer: string, seq: number): void {
    this.failures = 0
    const stale = answer === 'too-old' || answer === 'ahead'
    // `here-they-are` is followed by the activities themselves, which move the number on.
    if (stale || this.seq === null) this.seq = seq
    if (stale) this.heard.reload()
    this.heard.state('live')
    this.heard.presence?.([], true) // whoever came or went meanwhile was not pushed
    this.sayPresence()
    clearInterval(this.heartbeat)
    this.heartbeat = setInterval(() => this.sayPresence(), PRESENCE_MS)
  }

  private take(items: readonly LiveActivity[]): void {
    const fresh = items.filter((item) => this.seq === null || item.seq > this.seq)
    const last = fresh.at(-1)
    if (last === undefined) return
    this.seq = last.seq
    this.heard.activities(fresh)
  }

  private closed(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return
    this.socket = null
    this.rest()
    if (this.stopped) return
    if (code === SESSION_ENDED) {
      this.stopped = true
      this.heard.state('stopped')
      this.heard.signedOut()
      return
    }
    this.heard.state('lost')
    this.retry = setTimeout(() => this.connect(), backOff(this.failures, Math.random()))
    this.failures += 1
  }

  private sayPresence(): void {
    if (this.present.size > 0) this.send({ type: 'presence', requests: [...this.present.keys()] })
  }

  private send(message: object): void {
    // 1 is WebSocket.OPEN; the constant is absent where tests bring their own socket.
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message))
  }
}

/** Half a second, doubling to 20 s, spread over half its length so that 385 sites do not return at once. */
export function backOff(failures: number, random: number): number {
  const full = Math.min(500 * 2 ** failures, 20_000)
  return full * (0.5 + random / 2)
}
