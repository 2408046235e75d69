/**
 * Uploads of this browser tab. They live here, not in a page, so that the doctor may go on working
 * elsewhere; a page only looks.
 *
 * The server is the memory: after a reload the ids kept here fetch what it has, and the files are
 * asked for again. No file name is kept in the browser.
 */
import { useSyncExternalStore } from 'react'
import { api, body, tellSignedOut } from '../shared/api'
import { toProblem } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type { StudyOut } from '../shared/schema'
import type { Picked } from './pick'
import { type Item, isFaulty, join, merge, nextToSend, type Overall, overall } from './queue'
import type { Fault } from './send'

export interface UploadView extends Overall {
  readonly id: string
  readonly requestId: string | null
  readonly items: readonly Item[]
  readonly studies: readonly StudyOut[]
  readonly paused: boolean
  /** Seconds still to go, once the speed is known. */
  readonly secondsLeft: number | null
}

export interface UploadsView {
  readonly uploads: readonly UploadView[]
  readonly phase: 'idle' | 'running' | 'paused' | 'done' | 'faults'
  readonly total: number
  readonly faults: number
}

const PARALLEL = 4
const LOOK_MS = 1000
const SHOW_MS = 120
const KEPT = 'telemed.uploads'

class ManagedUpload {
  items: Item[] = []
  studies: readonly StudyOut[] = []
  paused = false
  /** How many files were given before a reload: the server knows only those begun. */
  expected = 0
  private readonly stops = new Map<string, () => void>()
  private looking: ReturnType<typeof setTimeout> | undefined
  private speed = 0
  private measured = { at: 0, sent: 0 }

  constructor(
    readonly id: string,
    readonly requestId: string | null,
  ) {}

  add(picked: readonly Picked[]): void {
    this.items = join(this.items, picked)
    this.expected = 0
    this.paused = false
    this.pump()
  }

  pause(): void {
    this.paused = true
    for (const stop of this.stops.values()) stop()
    this.stops.clear()
    this.items = this.items.map((item) =>
      item.phase === 'sending' ? { ...item, phase: 'queued' } : item,
    )
    changed()
  }

  /** Goes on after a pause, a broken line or a refusal that may be tried again. */
  resume(): void {
    this.paused = false
    this.items = this.items.map((item) =>
      (item.phase === 'waiting' || (item.phase === 'refused' && item.verdict === null)) && item.file
        ? { ...item, phase: 'queued', code: null, words: null }
        : item,
    )
    this.pump()
  }

  stop(): void {
    clearTimeout(this.looking)
    for (const stop of this.stops.values()) stop()
    this.stops.clear()
  }

  /** Asks the server for verdicts, and again while any is still to come. */
  async look(): Promise<void> {
    clearTimeout(this.looking)
    this.looking = undefined
    try {
      const seen = await body(api.GET('/api/uploads/{id}', { params: { path: { id: this.id } } }))
      if (seen.studies.length !== this.studies.length || seen.studies.some(isNewTo(this.studies)))
        void queryClient.invalidateQueries({ queryKey: [KEYS.studies] })
      this.studies = seen.studies
      this.items = merge(this.items, seen.files)
    } catch (error: unknown) {
      // The line may be down; the next look asks again. Anything else is for whoever called.
      if (toProblem(error).status !== 0) throw error
    } finally {
      changed()
      if (this.items.some((item) => item.phase === 'checking' || item.phase === 'sending'))
        this.looking = setTimeout(() => void this.look(), LOOK_MS)
    }
  }

  view(): UploadView {
    const sum = overall(this.items)
    const left = sum.bytes - sum.sent
    return {
      ...sum,
      lost: sum.lost + Math.max(0, this.expected - this.items.length),
      id: this.id,
      requestId: this.requestId,
      items: this.items,
      studies: this.studies,
      paused: this.paused,
      secondsLeft:
        this.speed > 0 && left > 0 && this.stops.size > 0 ? Math.ceil(left / this.speed) : null,
    }
  }

  private pump(): void {
    if (!this.paused) for (const item of nextToSend(this.items, PARALLEL)) void this.begin(item)
    changed()
  }

  private async begin(item: Item): Promise<void> {
    if (item.file === null) return
    this.update(item.key, { phase: 'sending' })
    // The protocol's library is fetched with the first file, not with the first page.
    const { send } = await import('./send')
    if (this.paused) return
    const stop = send({
      uploadId: this.id,
      fileId: item.fileId,
      file: item.file,
      path: item.path,
      onBegun: (fileId) => this.update(item.key, { fileId }),
      onProgress: (sent) => {
        this.update(item.key, { sent })
        this.measure()
      },
      onDone: (fileId) => {
        this.stops.delete(item.key)
        this.update(item.key, { phase: 'checking', sent: item.size, fileId, file: null })
        this.measure()
        this.pump()
        if (this.looking === undefined)
          this.looking = setTimeout(() => void this.look(), LOOK_MS / 2)
      },
      onFault: (fault) => this.failed(item.key, fault),
    })
    this.stops.set(item.key, stop)
  }

  private failed(key: string, fault: Fault): void {
    this.stops.delete(key)
    if (fault.kind === 'refused') {
      const { code, body: words } = fault.problem
      this.update(key, { phase: 'refused', code, words })
    } else {
      this.update(key, { phase: 'waiting' })
      if (fault.kind === 'signed-out') {
        this.pause()
        tellSignedOut()
      }
    }
    this.pump()
  }

  private update(key: string, change: Partial<Item>): void {
    this.items = this.items.map((item) => (item.key === key ? { ...item, ...change } : item))
    changed()
  }

  /** Bytes per second, smoothed over about five seconds. */
  private measure(): void {
    const now = performance.now()
    const { sent } = overall(this.items)
    if (this.measured.at === 0) this.measured = { at: now, sent }
    const seconds = (now - this.measured.at) / 1000
    if (seconds < 1) return
    const rate = (sent - this.measured.sent) / seconds
    this.speed = this.speed === 0 ? rate : this.speed * 0.8 + rate * 0.2
    this.measured = { at: now, sent }
  }
}

/** What this tab remembers of an upload over a reload: no names, only where to ask and how many. */
interface Kept {
  id: string
  files: number
}

const uploads = new Map<string, ManagedUpload>()
const listeners = new Set<() => void>()
let shown: UploadsView = { uploads: [], phase: 'idle', total: 0, faults: 0 }
let showing: ReturnType<typeof setTimeout> | undefined

/** Hundreds of files report progress; the screen follows a few times a second. */
function changed(): void {
  if (showing !== undefined) return
  showing = setTimeout(() => {
    showing = undefined
    shown = look()
    guardLeaving(shown.phase === 'running')
    keep()
    for (const listener of listeners) listener()
  }, SHOW_MS)
}

function look(): UploadsView {
  const views = [...uploads.values()].map((upload) => upload.view())
  const bytes = views.reduce((sum, view) => sum + view.bytes, 0)
  const sent = views.reduce((sum, view) => sum + view.sent, 0)
  const faults = views.reduce((sum, view) => sum + view.faults + view.lost, 0)
  const busy = views.some((view) => view.busy && !view.paused)
  const paused = views.some((view) => view.busy && view.paused)
  const phase =
    views.length === 0
      ? 'idle'
      : busy
        ? 'running'
        : paused
          ? 'paused'
          : faults > 0
            ? 'faults'
            : 'done'
  return {
    uploads: views,
    phase,
    faults,
    total: bytes === 0 ? 0 : Math.floor((sent / bytes) * 100),
  }
}

/** Begins an upload (or goes on with the request's own) and returns its id. */
export async function beginUpload(
  requestId: string | null,
  picked: readonly Picked[],
): Promise<string> {
  const existing = [...uploads.values()].find(
    (upload) => requestId !== null && upload.requestId === requestId,
  )
  const upload = existing ?? (await create(requestId))
  upload.add(picked)
  return upload.id
}

async function create(requestId: string | null): Promise<ManagedUpload> {
  const { id } = await body(api.POST('/api/uploads', { body: { request_id: requestId } }))
  const upload = new ManagedUpload(id, requestId)
  uploads.set(id, upload)
  return upload
}

export function addFiles(uploadId: string, picked: readonly Picked[]): void {
  uploads.get(uploadId)?.add(picked)
}

export function pauseUpload(uploadId: string): void {
  uploads.get(uploadId)?.pause()
}

export function resumeUpload(uploadId: string): void {
  uploads.get(uploadId)?.resume()
}

/** Takes an upload off the list; what the server has stored stays stored. */
export function dismissUpload(uploadId: string): void {
  uploads.get(uploadId)?.stop()
  uploads.delete(uploadId)
  changed()
}

/** After a reload: fetches what the server has of the uploads that were under way. */
export async function restoreUploads(): Promise<void> {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as Kept[]
  await Promise.all(
    kept
      .filter(({ id }) => !uploads.has(id))
      .map(async ({ id, files }) => {
        try {
          const seen = await body(api.GET('/api/uploads/{id}', { params: { path: { id } } }))
          const upload = new ManagedUpload(id, seen.request_id)
          upload.expected = files
          uploads.set(id, upload)
          await upload.look()
        } catch {
          // Another person's upload, or one the server has tidied away: nothing to go on with.
          uploads.delete(id)
        }
      }),
  )
  changed()
}

/** Signed out: nothing of the last person stays on the screen of the next. */
export function forgetUploads(): void {
  for (const id of [...uploads.keys()]) dismissUpload(id)
}

function keep(): void {
  const open = shown.uploads.filter(
    (view) => view.busy || view.lost > 0 || view.items.some(isFaulty),
  )
  const kept: Kept[] = open.map((view) => ({
    id: view.id,
    files: Math.max(
      view.items.filter((item) => !item.unpacked).length,
      uploads.get(view.id)?.expected ?? 0,
    ),
  }))
  sessionStorage.setItem(KEPT, JSON.stringify(kept))
}

function isNewTo(before: readonly StudyOut[]): (study: StudyOut) => boolean {
  const counts = new Map(before.map((study) => [study.id, study.instance_count]))
  return (study) => counts.get(study.id) !== study.instance_count
}

let guarded = false

function guardLeaving(wanted: boolean): void {
  if (wanted === guarded) return
  guarded = wanted
  if (wanted) window.addEventListener('beforeunload', ask)
  else window.removeEventListener('beforeunload', ask)
}

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

window.addEventListener('online', () => {
  for (const upload of uploads.values()) if (!upload.paused) upload.resume()
})

export function useUploads(): UploadsView {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => shown,
  )
}
