/**
 * What a presenter shows, as it is told to the others: ids and numbers only.
 *
 * Images by the image and the part of it in millimetres of the patient, so that frames of any size
 * show the same; a slide and a volume by their cameras; a document and a tracing by which one it is;
 * the records by the row at the top. What is heard comes from another page and is looked at before
 * it is believed. Knows nothing of viewers, of who presents and who follows.
 */
export type Point = readonly [number, number, number]
type Window = readonly [number, number]

interface OfSeries {
  readonly study: string
  readonly series: string
}

/** The part that is seen: half its height, its width by its height, and its middle. */
interface Framed {
  readonly scale: number
  readonly aspect: number
  readonly centre: Point
}

export interface ImageView extends OfSeries, Framed {
  readonly kind: 'images'
  /** Instance and frame, as in the address of the image. */
  readonly image: string
  readonly voi: Window | null
  readonly invert: boolean
  /** Whether nothing else stands beside it. */
  readonly alone: boolean
  readonly turn: number
  readonly flips: readonly [boolean, boolean]
  readonly pointer: Point | null
}

export interface SlideView extends OfSeries, Framed {
  readonly kind: 'slide'
  readonly pointer: Point | null
}

/** One plane through a volume, or the volume seen from somewhere. */
export interface Plane extends Framed {
  /** Which place of the layout, row by row. */
  readonly place: number
  readonly from: Point
  readonly up: Point
  readonly voi: Window | null
}

export interface VolumeView extends OfSeries {
  readonly kind: 'volume'
  readonly layout: Layout
  readonly stage: number
  readonly planes: readonly Plane[]
  readonly pointer: { readonly place: number; readonly at: Point } | null
}

/** Which document it is; its pages are turned by each reader. */
export interface DocumentView extends OfSeries {
  readonly kind: 'document'
}

export type View = ImageView | SlideView | VolumeView | DocumentView

/** The row of the records at the top of the page, and how much of it is above. */
export interface RecordsView {
  readonly kind: 'records'
  readonly row: number
  readonly part: number
}

export type Shown =
  | View
  | RecordsView
  | { readonly kind: 'study'; readonly study: string }
  | { readonly kind: 'other' }

/** Whether it stands in the viewer. */
export function isView(shown: Shown): shown is View {
  return shown.kind !== 'records' && shown.kind !== 'study' && shown.kind !== 'other'
}

/** What of it each sees for themselves; null where all see the same. */
export function apartOf(shown: Shown | null): Apart | null {
  if (shown?.kind === 'images') return shown.alone ? null : 'beside'
  return shown === null ? null : (APART[shown.kind] ?? null)
}

export type Apart = 'beside' | 'colours' | 'pages' | 'tracing' | 'all'
const APART: Partial<Record<Shown['kind'], Apart>> = {
  volume: 'colours',
  document: 'pages',
  study: 'tracing',
  other: 'all',
}

/** Layouts of volumes that stand in every viewer, with the same places in each. */
export const LAYOUTS = [
  'mpr',
  'fourUp',
  'main3D',
  'mprAnd3DVolumeViewport',
  'only3D',
  'primary3D',
  'primaryAxial',
] as const
export type Layout = (typeof LAYOUTS)[number]

const MOST_PLANES = 8
const MOST_ROWS = 5000

/** What somebody says they show; null for what is no such thing. */
export function heardShown(said: unknown): Shown | null {
  if (!isRecord(said) || typeof said.kind !== 'string') return null
  return HEARD.get(said.kind)?.(said) ?? null
}

type Said = Record<string, unknown>

const HEARD = new Map<string, (said: Said) => Shown | null>([
  ['images', (said) => ofSeries(said, heardImage)],
  ['slide', (said) => ofSeries(said, heardSlide)],
  ['volume', (said) => ofSeries(said, heardVolume)],
  ['document', (said) => ofSeries(said, (_, of) => ({ kind: 'document', ...of }))],
  ['records', heardRecords],
  ['study', ({ study }) => (isId(study) ? { kind: 'study', study } : null)],
  ['other', () => ({ kind: 'other' })],
])

function ofSeries(said: Said, heard: (said: Said, of: OfSeries) => View | null): View | null {
  const { study, series } = said
  return isId(study) && isId(series) ? heard(said, { study, series }) : null
}

function heardRecords({ row, part }: Said): RecordsView | null {
  if (!isNumber(row) || row < 0 || row >= MOST_ROWS || !isNumber(part)) return null
  return { kind: 'records', row: Math.floor(row), part: within(part, 0, 1) }
}

function heardSlide(said: Said, of: OfSeries): SlideView | null {
  const [framed, pointer] = [heardFrame(said), heardPointer(said.pointer)]
  if (framed === null || pointer === undefined) return null
  return { kind: 'slide', ...of, ...framed, pointer }
}

function heardImage(said: Said, of: OfSeries): ImageView | null {
  const [slide, voi] = [heardSlide(said, of), heardWindow(said.voi)]
  const { image, turn, flips, invert, alone } = said
  if (slide === null || voi === undefined) return null
  if (typeof image !== 'string' || !IMAGE.test(image)) return null
  if (!isNumber(turn) || !isFlips(flips)) return null
  if (typeof invert !== 'boolean' || typeof alone !== 'boolean') return null
  return { ...slide, kind: 'images', image, voi, invert, alone, turn, flips }
}

function heardVolume(said: Said, of: OfSeries): VolumeView | null {
  const layout = LAYOUTS.find((one) => one === said.layout)
  const { stage, pointer } = said
  if (layout === undefined || !isNumber(stage) || stage < 0 || !Array.isArray(said.planes))
    return null
  const planes = said.planes.slice(0, MOST_PLANES).map(heardPlane)
  if (planes.length === 0 || !planes.every((one) => one !== null)) return null
  const at = isRecord(pointer) ? heardPoint(pointer.at) : null
  const under = isRecord(pointer) && isPlace(pointer.place) ? pointer.place : null
  return {
    kind: 'volume',
    ...of,
    layout,
    stage: Math.floor(stage),
    planes,
    pointer: at === null || under === null ? null : { place: under, at },
  }
}

function heardPlane(said: unknown): Plane | null {
  if (!isRecord(said) || !isPlace(said.place)) return null
  const [framed, from, up] = [heardFrame(said), heardPoint(said.from), heardPoint(said.up)]
  const voi = heardWindow(said.voi)
  if (framed === null || from === null || up === null || voi === undefined) return null
  return { place: said.place, ...framed, from, up, voi }
}

function heardFrame(said: Said): Framed | null {
  const { scale, aspect } = said
  const centre = heardPoint(said.centre)
  if (!isNumber(scale) || scale <= 0 || !isNumber(aspect) || aspect <= 0) return null
  return centre === null ? null : { scale, aspect, centre }
}

/** Undefined for what is no window; null for none. */
function heardWindow(said: unknown): Window | null | undefined {
  if (said === null) return null
  if (!Array.isArray(said) || said.length !== 2) return undefined
  const [lower, upper] = said
  return isNumber(lower) && isNumber(upper) && lower < upper ? [lower, upper] : undefined
}

/** Undefined for what is no point; null for none. */
function heardPointer(said: unknown): Point | null | undefined {
  return said === null ? null : (heardPoint(said) ?? undefined)
}

function heardPoint(said: unknown): Point | null {
  if (!Array.isArray(said) || said.length !== 3 || !said.every(isNumber)) return null
  const [x = 0, y = 0, z = 0] = said
  return [x, y, z]
}

const ID = /^[A-Za-z0-9._-]{1,64}$/
const IMAGE = /^[0-9.]{1,64}\/frames\/[1-9][0-9]{0,5}$/
const isId = (said: unknown): said is string => typeof said === 'string' && ID.test(said)
const isNumber = (said: unknown): said is number =>
  typeof said === 'number' && Number.isFinite(said) && Math.abs(said) < 1e9
const isPlace = (said: unknown): said is number =>
  isNumber(said) && Number.isInteger(said) && said >= 0 && said < MOST_PLANES
const isFlips = (said: unknown): said is readonly [boolean, boolean] =>
  Array.isArray(said) && said.length === 2 && said.every((one) => typeof one === 'boolean')
const isRecord = (said: unknown): said is Record<string, unknown> =>
  typeof said === 'object' && said !== null && !Array.isArray(said)
const within = (value: number, least: number, most: number) =>
  Math.min(most, Math.max(least, value))

/** Where rows of the records stand on a page: their top and bottom. */
export type Row = readonly [top: number, bottom: number]

/** The row at a height of the page, and how much of it is above. */
export function rowAt(rows: readonly Row[], height: number): RecordsView {
  const found = rows.findIndex(([, bottom]) => bottom > height)
  const row = found < 0 ? Math.max(0, rows.length - 1) : found
  const [top, bottom] = rows[row] ?? [0, 0]
  const part = within((height - top) / Math.max(1, bottom - top), 0, 1)
  return { kind: 'records', row, part: rounded(part) }
}

/** The height of the page at which a row stands likewise; null where there is no such row. */
export function heightOf(rows: readonly Row[], view: RecordsView): number | null {
  const row = rows[view.row]
  return row === undefined ? null : row[0] + view.part * (row[1] - row[0])
}

export const rounded = (value: number) => Math.round(value * 1000) / 1000
export const place = (at: Point): Point => [rounded(at[0]), rounded(at[1]), rounded(at[2])]
