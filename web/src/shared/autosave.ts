/**
 * Text that saves itself: soon after the last keystroke, one save at a time, never losing a word.
 *
 * The value lives here and on the server, nowhere else in the browser. A save that fails is tried
 * again; one that cannot succeed (somebody else changed the text) stops and says so, and the words
 * stay on the screen.
 */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { toProblem } from './problem'

export type SaveState = 'clean' | 'dirty' | 'saving' | 'retrying' | 'stopped'

export interface SaveView {
  readonly state: SaveState
  readonly savedAt: number | null
  readonly error: unknown
}

const RETRY_MS = 4000

export class Autosave<Value> {
  private pending: { value: Value } | null = null
  private running: Promise<void> | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private view: SaveView
  private readonly listeners = new Set<() => void>()

  constructor(
    private save: (value: Value) => Promise<void>,
    private readonly delay = 800,
    savedAt: number | null = null,
  ) {
    this.view = { state: 'clean', savedAt, error: null }
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  look = (): SaveView => this.view

  use(save: (value: Value) => Promise<void>): void {
    this.save = save
  }

  /** The text changed; it is saved when the typing rests. */
  change(value: Value): void {
    this.pending = { value }
    if (this.view.state !== 'saving') this.show({ state: 'dirty' })
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), this.delay)
  }

  /** Saves now and resolves when everything is on the server; rejects when it cannot be. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    while (this.pending !== null || this.running !== null) {
      await this.run()
      if (this.view.error !== null) throw this.view.error
    }
  }

  /** Stops the clock. What is still unsaved is tried once more. */
  close(): void {
    clearTimeout(this.timer)
    if (this.pending !== null) void this.run()
  }

  private run(): Promise<void> {
    if (this.running !== null) return this.running
    const job = this.pending
    if (job === null) return Promise.resolve()
    this.pending = null
    this.show({ state: 'saving' })
    this.running = this.save(job.value).then(
      () => this.saved(),
      (error: unknown) => this.failed(job, error),
    )
    return this.running
  }

  private saved(): void {
    this.running = null
    this.show({ state: this.pending ? 'dirty' : 'clean', savedAt: Date.now(), error: null })
    if (this.pending === null) return
    // Words typed while saving: their own pause may have passed already, so it begins anew.
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), this.delay)
  }

  private failed(job: { value: Value }, error: unknown): void {
    this.running = null
    this.pending ??= job
    const { status } = toProblem(error)
    const passing = status === 0 || status === 401 || status === 429 || status >= 500
    this.show({ state: passing ? 'retrying' : 'stopped', error })
    clearTimeout(this.timer)
    if (passing) this.timer = setTimeout(() => void this.run(), RETRY_MS)
  }

  private show(change: Partial<SaveView>): void {
    this.view = { ...this.view, ...change }
    for (const listener of this.listeners) listener()
  }
}

/** An autosave that lives as long as the component, always saving with the newest function. */
export function useAutosave<Value>(save: (value: Value) => Promise<void>, savedAt: number | null) {
  const [keeper] = useState(() => new Autosave<Value>(save, 800, savedAt))
  useEffect(() => keeper.use(save))
  useEffect(() => () => keeper.close(), [keeper])
  const view = useSyncExternalStore(keeper.subscribe, keeper.look)
  const unsaved = view.state !== 'clean'
  useEffect(() => {
    if (!unsaved) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [unsaved])
  return { keeper, view }
}
