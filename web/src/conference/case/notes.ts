/**
 * One page's copy of the notes: what is typed here, what others typed, and what is on its way.
 *
 * One change is under way at a time; what is typed meanwhile waits and goes as one. What comes from
 * others is laid over both, so the text on the screen is always the server's with one's own words
 * in it. While the line is away everything waits here and is sent when it is back. A change that
 * was sent and whose answer got lost is known again by its key. Words that name a patient who is
 * told under a pseudonym are not kept by the server: they wait here until they are written anew.
 */
import { applied, type Change, composed, difference, plain, rebased } from './changes'

export interface Told {
  readonly n: number
  readonly section: string
  readonly change: readonly (number | string)[]
  readonly key: string
  readonly person_id?: string | null
}

export interface Answer {
  readonly head: number
  readonly version: number
  readonly state: string
  readonly changes: readonly Told[]
  readonly more: boolean
}

export interface Flying {
  readonly section: string
  readonly base: number
  readonly change: Change
  readonly key: string
}

export interface Io {
  send: (flying: Flying) => Promise<Answer>
  fetch: (after: number) => Promise<Answer>
  /** Whether an error passes by itself: the line, the server, too many at once. */
  passing: (error: unknown) => boolean
  /** Whether the words must be written another way: nothing of them was kept. */
  unnamed: (error: unknown) => boolean
  /** Whether what we missed must be fetched first. */
  behind: (error: unknown) => boolean
  key: () => string
}

export type NotesState = 'clean' | 'dirty' | 'retrying' | 'naming' | 'refused'

type Heard = (change: Change) => void

const REST_MS = 250
const RETRY_MS = 2000

export class Notes {
  /** The last change of the server's that is in the text. */
  head: number
  version = 0
  /** The state of the minutes, as last heard. */
  minutes = 'open'
  state: NotesState = 'clean'
  savedAt: number | null = null
  /** What the server refused for good; the words stay to be copied. */
  refused: readonly { section: string; words: string; error: unknown }[] = []
  /** The sections whose last words name the patient, with what the server said. */
  naming: ReadonlyMap<string, unknown> = new Map()

  private readonly texts: Map<string, string>
  private readonly unsent = new Map<string, Change>()
  private flying: Flying | null = null
  private running: Promise<void> | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private held = 0
  private waiting: Answer[] = []
  private closed = false
  private readonly sections = new Map<string, Set<Heard>>()
  private readonly watchers = new Set<() => void>()

  constructor(
    private readonly io: Io,
    start: { head: number; sections: readonly { section: string; text: string }[] },
    /** Called when something of one's own has reached the server. */
    private readonly arrived: (head: number) => void = () => {},
  ) {
    this.head = start.head
    this.texts = new Map(start.sections.map((one) => [one.section, one.text]))
  }

  text(section: string): string {
    return this.texts.get(section) ?? ''
  }

  /** The text of a section is another, by somebody's hand here. */
  edit(section: string, now: string): void {
    const was = this.text(section)
    const change = difference(was, plain(now))
    if (change.length === 0) return
    this.texts.set(section, applied(was, change))
    const before = this.unsent.get(section)
    this.keep(section, before ? composed(before, change) : change)
    this.forgive(section)
    this.show(this.state === 'retrying' ? 'retrying' : 'dirty')
    if (this.running === null && this.state !== 'retrying') this.later(REST_MS)
  }

  /** Hears of others' changes of a section until the returned function is called. */
  on(section: string, heard: Heard): () => void {
    const all = this.sections.get(section) ?? new Set()
    this.sections.set(section, all)
    all.add(heard)
    return () => all.delete(heard)
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Takes nothing in while a character is being composed from several keys. */
  hold(): void {
    this.held += 1
  }

  release(): void {
    this.held = Math.max(0, this.held - 1)
    if (this.held > 0) return
    for (const answer of this.waiting.splice(0)) this.take(answer)
  }

  /** Somebody wrote: fetch what is new, once it is not on its way anyway. */
  async look(): Promise<void> {
    try {
      let more = true
      while (more && !this.closed) {
        const answer = await this.io.fetch(this.head)
        this.receive(answer)
        more = answer.more && this.held === 0
      }
    } catch (error) {
      if (!this.io.passing(error)) throw error
    }
  }

  /** Sends what there is now; resolves when all of it is on the server or was refused. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    while ((this.flying !== null || this.next() !== undefined) && !this.closed) {
      await this.run()
      if (this.state === 'retrying') await new Promise((done) => setTimeout(done, RETRY_MS))
    }
  }

  /** What is not on the server yet. */
  get isUnsaved(): boolean {
    return this.flying !== null || this.unsent.size > 0
  }

  close(): void {
    clearTimeout(this.timer)
    if (this.isUnsaved) void this.run()
    this.closed = true
  }

  private later(ms: number): void {
    clearTimeout(this.timer)
    if (!this.closed) this.timer = setTimeout(() => void this.run(), ms)
  }

  private run(): Promise<void> {
    if (this.running !== null) return this.running
    // Struck out by somebody else as well, nothing is left of it to send.
    if (this.flying?.change.length === 0) this.flying = null
    const flying = this.flying ?? this.launch()
    if (flying === null) {
      if (this.state === 'dirty') this.show(this.rest())
      return Promise.resolve()
    }
    this.running = this.io
      .send(flying)
      .then(
        (answer) => this.sent(answer),
        (error: unknown) => this.failed(flying, error),
      )
      .finally(() => {
        this.running = null
        if (this.next() !== undefined && this.state === 'dirty') this.later(REST_MS)
      })
    return this.running
  }

  private launch(): Flying | null {
    const next = this.next()
    if (next === undefined) return null
    const [section, change] = next
    this.unsent.delete(section)
    this.flying = { section, base: this.head, change, key: this.io.key() }
    return this.flying
  }

  /** What is to be sent next: not what must be written anew first. */
  private next(): readonly [string, Change] | undefined {
    return [...this.unsent].find(([section]) => !this.naming.has(section))
  }

  /** What was typed and struck out again before it was sent is nothing to send. */
  private keep(section: string, change: Change): void {
    if (change.length > 0) this.unsent.set(section, change)
    else this.unsent.delete(section)
  }

  private forgive(section: string): void {
    if (!this.naming.has(section)) return
    this.naming = new Map([...this.naming].filter(([key]) => key !== section))
  }

  /** Nothing of it was kept: it stands here, with what was typed since, until it is changed. */
  private takeBack(flying: Flying, error: unknown): void {
    const since = this.unsent.get(flying.section)
    const change = since ? composed(flying.change, since) : flying.change
    this.keep(flying.section, change)
    this.flying = null
    // Changed since, it may name nobody by now.
    if (!since) this.naming = new Map(this.naming).set(flying.section, error)
    this.show(this.next() === undefined ? 'naming' : 'dirty')
  }

  private sent(answer: Answer): void {
    this.receive(answer)
    this.savedAt = Date.now()
    this.show(this.rest())
    this.arrived(answer.head)
    if (answer.more) void this.look()
    if (this.next() !== undefined) this.later(REST_MS)
  }

  private async failed(flying: Flying, error: unknown): Promise<void> {
    if (this.io.passing(error)) {
      this.show('retrying')
      this.later(RETRY_MS)
      return
    }
    if (this.io.behind(error)) {
      await this.look()
      this.later(REST_MS)
      return
    }
    if (this.io.unnamed(error)) {
      this.takeBack(flying, error)
      return
    }
    // Refused for good: whoever shows this begins anew with the server's text and these words.
    const words = (change: Change) => change.filter((part) => typeof part === 'string').join('')
    const all = [[flying.section, flying.change] as const, ...this.unsent]
    this.refused = all.map(([section, change]) => ({ section, words: words(change), error }))
    this.unsent.clear()
    this.flying = null
    this.show('refused')
  }

  private rest(): NotesState {
    if (!this.isUnsaved) return 'clean'
    return this.flying === null && this.next() === undefined ? 'naming' : 'dirty'
  }

  private receive(answer: Answer): void {
    if (this.held > 0) this.waiting.push(answer)
    else this.take(answer)
  }

  private take(answer: Answer): void {
    for (const told of answer.changes) if (told.n === this.head + 1) this.hear(told)
    this.version = answer.version
    this.minutes = answer.state
    // Sent again after everything before was heard: the base is that of the text it is made of now.
    if (this.flying !== null) this.flying = { ...this.flying, base: this.head }
    this.tell()
  }

  private hear(told: Told): void {
    this.head = told.n
    const flying = this.flying
    if (flying?.key === told.key) {
      this.flying = null
      return
    }
    let change: Change = told.change
    if (flying?.section === told.section) {
      this.flying = { ...flying, change: rebased(flying.change, change, false) }
      change = rebased(change, flying.change, true)
    }
    const unsent = this.unsent.get(told.section)
    if (unsent !== undefined) {
      this.keep(told.section, rebased(unsent, change, false))
      change = rebased(change, unsent, true)
    }
    this.texts.set(told.section, applied(this.text(told.section), change))
    for (const heard of this.sections.get(told.section) ?? []) heard(change)
  }

  private show(state: NotesState): void {
    this.state = state
    this.tell()
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher()
  }
}
