/** The columns a list may show and what each is sorted by. */
import type { Word } from './words'

export interface Column {
  code: string
  word: Word
  /** The server's sort key, where it may be sorted. */
  sort?: string
  width: string
}

export const COLUMNS: readonly Column[] = [
  { code: 'due', word: 'colDue', sort: 'due', width: '150px' },
  { code: 'urgency', word: 'colUrgency', sort: 'urgency', width: '76px' },
  { code: 'patient', word: 'colPatient', sort: 'patient', width: 'minmax(132px, 1.2fr)' },
  { code: 'exam', word: 'colExam', sort: 'body_part', width: 'minmax(88px, 1fr)' },
  { code: 'requester', word: 'colRequester', sort: 'requester', width: 'minmax(96px, 1fr)' },
  { code: 'submitted', word: 'colSubmitted', sort: 'submitted', width: '96px' },
  { code: 'service', word: 'colService', sort: 'service', width: 'minmax(96px, 0.8fr)' },
  { code: 'modality', word: 'colModality', sort: 'modality', width: '64px' },
  { code: 'images', word: 'colImages', width: '64px' },
  { code: 'number', word: 'colNumber', width: '128px' },
]

export const USUAL: readonly string[] = [
  'due',
  'urgency',
  'patient',
  'exam',
  'requester',
  'submitted',
]

/** The chosen columns in their order; what this version does not know is left out. */
export function chosenColumns(codes: readonly string[] | null | undefined): Column[] {
  const chosen = (codes?.length ? codes : USUAL).flatMap(
    (code) => COLUMNS.find((column) => column.code === code) ?? [],
  )
  return chosen.length > 0 ? chosen : chosenColumns(USUAL)
}

export interface SortPart {
  key: string
  down: boolean
}

export function readSort(text: string): SortPart[] {
  return text
    .split(',')
    .filter(Boolean)
    .map((part) => ({ key: part.replace(/^-/, ''), down: part.startsWith('-') }))
}

export function writeSort(parts: readonly SortPart[]): string {
  return parts.map(({ key, down }) => (down ? `-${key}` : key)).join(',')
}

const MOST_KEYS = 4

/**
 * The sort after a click on a column: up, down, then none again. With `more` (Shift) the column
 * joins the others instead of taking their place.
 */
export function clickedSort(text: string, key: string, more: boolean): string {
  const parts = readSort(text)
  const was = parts.find((part) => part.key === key)
  const next = was === undefined ? { key, down: false } : was.down ? null : { key, down: true }
  if (!more) return next === null ? '' : writeSort([next])
  if (was === undefined)
    return parts.length < MOST_KEYS && next ? writeSort([...parts, next]) : text
  return writeSort(parts.flatMap((part) => (part.key === key ? (next ?? []) : part)))
}
