/**
 * The rules of an upload, without the network: what is sent next, how far it is, how it stands.
 *
 * A file's words come from the server's verdict; until there is one the phase says where it is.
 */
import type { UploadFileOut } from '../shared/schema'

export type Phase = 'queued' | 'sending' | 'checking' | 'done' | 'waiting' | 'refused' | 'lost'

export interface Item {
  /** Path and size; the server's id for a file known from the server's list only. */
  readonly key: string
  readonly path: string
  readonly size: number
  readonly file: File | null
  readonly fileId: string | null
  readonly sent: number
  /**
   * queued: its turn will come. waiting: the line broke. refused: needs a person.
   * lost: begun before a reload, the file must be given again.
   */
  readonly phase: Phase
  readonly verdict: UploadFileOut['verdict'] | null
  readonly code: string | null
  readonly words: { readonly zh: string; readonly en: string } | null
  readonly studyId: string | null
  /** Came out of a ZIP: its bytes were counted with the ZIP's. */
  readonly unpacked: boolean
}

export interface Overall {
  readonly files: number
  readonly finished: number
  readonly bytes: number
  readonly sent: number
  readonly percent: number
  readonly faults: number
  readonly lost: number
  readonly busy: boolean
}

const FAULTY = new Set(['conflict', 'refused'])

export function keyOf(path: string, size: number): string {
  return `${path}\n${size}`
}

export function newItem(path: string, file: File): Item {
  return {
    key: keyOf(path, file.size),
    path,
    size: file.size,
    file,
    fileId: null,
    sent: 0,
    phase: 'queued',
    verdict: null,
    code: null,
    words: null,
    studyId: null,
    unpacked: false,
  }
}

/** The server keeps a file's bare name: folders of one study repeat theirs. */
function bareKey(path: string, size: number): string {
  return keyOf(path.split('/').at(-1) ?? path, size)
}

/** Known from the server's list only, until the file it came from is given again. */
function isNameless(item: Item): boolean {
  return item.key === item.fileId
}

/**
 * Adds files to an upload. One begun before a reload is joined to what the server already has, one
 * already here is left alone, so giving the same folder twice costs nothing. Each of the server's
 * files stands for one given file only, however many carry its name.
 */
export function join(
  items: readonly Item[],
  picked: readonly { path: string; file: File }[],
): Item[] {
  const byKey = new Map(items.map((item) => [item.key, item]))
  const nameless = new Map<string, Item[]>()
  for (const item of items.filter(isNameless)) {
    const key = bareKey(item.path, item.size)
    nameless.set(key, [...(nameless.get(key) ?? []), item])
  }
  for (const { path, file } of picked) {
    const fresh = newItem(path, file)
    const known = byKey.get(fresh.key) ?? nameless.get(bareKey(path, file.size))?.shift()
    // An item keeps its place in the list, whatever name it gets to be known by.
    if (known === undefined) byKey.set(fresh.key, fresh)
    else byKey.set(known.key, givenAgain(known, fresh))
  }
  return [...byKey.values()]
}

/** A file of the list, given once more. */
function givenAgain(known: Item, fresh: Item): Item {
  const { key, path, file } = fresh
  if (known.phase === 'lost') return { ...known, key, path, file, phase: 'queued' }
  if (known.phase === 'refused' && known.verdict === null)
    return { ...known, file, phase: 'queued', code: null, words: null }
  return { ...known, key, path }
}

/**
 * What the server says of an upload laid over what we know of it. A file whose creation is still
 * being answered is on the server before we know its id: it is known by its name and size. So is
 * one whose answer a pause or a broken line swallowed: it is sent anew and counts once.
 */
export function merge(items: readonly Item[], files: readonly UploadFileOut[]): Item[] {
  const byId = new Map(files.map((file) => [file.id, file]))
  const taken = new Set(items.flatMap((item) => item.fileId ?? []))
  const given = new Set(
    items.filter((item) => !isNameless(item)).map((item) => bareKey(item.path, item.size)),
  )
  const merged = items.map((item) => {
    const file = item.fileId === null ? undefined : byId.get(item.fileId)
    return file === undefined ? item : judged(item, file)
  })
  for (const file of files) {
    const ours = file.parent_id === null && given.has(bareKey(file.name, file.size))
    if (!taken.has(file.id) && !ours) merged.push(fromServer(file))
  }
  return merged
}

function judged(item: Item, file: UploadFileOut): Item {
  if (file.verdict === 'uploading') return item
  const phase: Phase = file.verdict === 'checking' ? 'checking' : 'done'
  return { ...item, phase, sent: item.size, ...verdictOf(file) }
}

function fromServer(file: UploadFileOut): Item {
  const phases: Partial<Record<UploadFileOut['verdict'], Phase>> = {
    uploading: 'lost',
    checking: 'checking',
  }
  return {
    key: file.id,
    path: file.name,
    size: file.size,
    file: null,
    fileId: file.id,
    sent: file.offset,
    phase: phases[file.verdict] ?? 'done',
    unpacked: file.parent_id !== null,
    ...verdictOf(file),
  }
}

function verdictOf(file: UploadFileOut): Pick<Item, 'verdict' | 'code' | 'words' | 'studyId'> {
  const words = file.zh ? { zh: file.zh, en: file.en ?? file.zh } : null
  return { verdict: file.verdict, code: file.code, words, studyId: file.study_id }
}

/** The files to begin now so that `parallel` are under way. */
export function nextToSend(items: readonly Item[], parallel: number): Item[] {
  const room = parallel - items.filter((item) => item.phase === 'sending').length
  if (room <= 0) return []
  return items.filter((item) => item.phase === 'queued' && item.file !== null).slice(0, room)
}

export function isFaulty(item: Item): boolean {
  return item.phase === 'refused' || (item.verdict !== null && FAULTY.has(item.verdict))
}

/** How many files came to which end, for one sentence instead of a list. */
export function ends(items: readonly Item[]): Record<'kept' | 'known' | 'skipped' | 'bad', number> {
  const count = { kept: 0, known: 0, skipped: 0, bad: 0 }
  for (const item of items) {
    if (isFaulty(item)) count.bad += 1
    else if (item.verdict === 'stored') count.kept += 1
    else if (item.verdict === 'duplicate') count.known += 1
    else if (item.verdict === 'skipped') count.skipped += 1
  }
  return count
}

export function overall(items: readonly Item[]): Overall {
  let bytes = 0
  let sent = 0
  let finished = 0
  let faults = 0
  let lost = 0
  let busy = false
  for (const item of items) {
    if (!item.unpacked) {
      bytes += item.size
      sent += Math.min(item.sent, item.size)
    }
    if (item.phase === 'done') finished += 1
    if (item.phase === 'lost') lost += 1
    if (isFaulty(item)) faults += 1
    if (['queued', 'sending', 'waiting', 'checking'].includes(item.phase)) busy = true
  }
  // A hundred is said only when every byte is there: 99.6 % is not done.
  const percent = bytes === 0 ? (busy ? 0 : 100) : Math.floor((sent / bytes) * 100)
  return { files: items.length, finished, bytes, sent, percent, faults, lost, busy }
}
