/**
 * The recording paper: what stands where, in millimetres.
 *
 * One millimetre is the same length on both axes, and every lead of a sheet has the same speed and
 * the same gain. Room is given to a row by how high its leads go; the leads themselves are never
 * stretched. Pixels come in only at the very end, as `pxPerMm`.
 */
import { STANDARD } from './leads'
import type { Lead, Signal } from './waveform'

export const SPEEDS = [12.5, 25, 50] as const
export const GAINS = [5, 10, 20] as const
export const LAYOUTS = ['3x4', '6x2', '12x1'] as const
export type Speed = (typeof SPEEDS)[number]
export type Gain = (typeof GAINS)[number]
export type Layout = (typeof LAYOUTS)[number]

export interface Settings {
  /** mm/s */
  speed: Speed
  /** mm/mV */
  gain: Gain
  layout: Layout
}

export const USUAL: Settings = { speed: 25, gain: 10, layout: '3x4' }

/** Seconds of the recording on one sheet. */
export const SHEET_SECONDS = 10
/** The calibration pulse: 1 mV for 0.2 s. */
export const PULSE = { mv: 1, seconds: 0.2 }
/** CSS defines 96 px to the inch; a real monitor differs and can be measured. */
export const CSS_PX_PER_MM = 96 / 25.4
/** Room for the line at the foot of a short sheet, mm. */
const LEAST_WIDTH = 120
/** A trace farther from its line than this is cut, with a mark. */
const FARTHEST = 40
/** A lead whose middle is farther than this from zero is moved to its line, and says so. */
const OFF_ZERO_MV = 2.5

/** A stretch of one lead on the sheet. All lengths in mm, y downwards. */
export interface Cell {
  lead: string
  x0: number
  x1: number
  /** Seconds of the recording at x0 and x1. */
  t0: number
  t1: number
  /** Where `offsetMv` is drawn. */
  baseline: number
  top: number
  bottom: number
  /** Millivolts at the baseline: 0 unless the whole lead was moved. */
  offsetMv: number
  speed: number
  gain: number
}

export interface Row {
  baseline: number
  top: number
  bottom: number
  cells: Cell[]
}

export interface Sheet {
  width: number
  height: number
  /** Where the traces begin; the calibration pulse stands left of it. */
  left: number
  rows: Row[]
  settings: Settings
}

interface Plan {
  rows: readonly (readonly string[])[]
  /** Least room above and below the line, mm. */
  room: { up: number; down: number }
}

const PLANS: Record<Layout, Plan> = {
  '3x4': {
    rows: [['I', 'aVR', 'V1', 'V4'], ['II', 'aVL', 'V2', 'V5'], ['III', 'aVF', 'V3', 'V6'], ['II']],
    room: { up: 15, down: 10 },
  },
  '6x2': {
    rows: STANDARD.slice(0, 6).map((lead, at) => [lead, STANDARD[at + 6] ?? lead]),
    room: { up: 10, down: 10 },
  },
  '12x1': { rows: STANDARD.map((lead) => [lead]), room: { up: 10, down: 5 } },
}

/** The sheet that begins `from` seconds into the recording. */
export function layOut(signal: Signal, settings: Settings, from = 0): Sheet {
  const plan = PLANS[settings.layout]
  const seconds = Math.min(SHEET_SECONDS, signal.seconds)
  const names = settings.layout === '12x1' ? [...plan.rows, ...extras(signal)] : plan.rows
  const left = leftMargin(settings.speed)
  const rows: Row[] = []
  let top = 5
  for (const leads of names) {
    const row = rowOf(signal, leads, { settings, left, top, from, seconds, room: plan.room })
    rows.push(row)
    top = row.bottom
  }
  return {
    width: Math.max(LEAST_WIDTH, up5(Math.max(...rows.map(endOf))) + 5),
    height: top + 10,
    left,
    rows,
    settings,
  }
}

function endOf(row: Row): number {
  return row.cells.at(-1)?.x1 ?? 0
}

/** Leads beyond the twelve, each on a row of its own. */
function extras(signal: Signal): string[][] {
  const usual = new Set<string>(STANDARD)
  return [...signal.leads.keys()].filter((name) => !usual.has(name)).map((name) => [name])
}

interface RowPlace {
  settings: Settings
  left: number
  top: number
  from: number
  seconds: number
  room: Plan['room']
}

function rowOf(signal: Signal, names: readonly string[], place: RowPlace): Row {
  const { settings, left, top, from, seconds } = place
  // A median beat is shorter than a column: then every column shows the whole of it.
  const inTurn = seconds > SHEET_SECONDS / 4
  const each = inTurn ? seconds / names.length : seconds
  const reach = names.map((name) => reachOf(signal.leads.get(name), settings.gain))
  // Never lower than the calibration pulse beside it.
  const highest = Math.max(PULSE.mv * settings.gain, ...reach.map((one) => one.up))
  const up = room(highest, place.room.up)
  const down = room(Math.max(...reach.map((one) => one.down)), place.room.down)
  const baseline = top + up
  const cells = names.map((name, at): Cell => {
    const t0 = from + (inTurn ? at * each : 0)
    const x0 = left + at * each * settings.speed
    return {
      lead: name,
      x0,
      x1: x0 + each * settings.speed,
      t0,
      t1: t0 + each,
      baseline,
      top,
      bottom: baseline + down,
      offsetMv: reach[at]?.offsetMv ?? 0,
      speed: settings.speed,
      gain: settings.gain,
    }
  })
  return { baseline, top, bottom: baseline + down, cells }
}

/** Whole 5 mm squares, so every line of the sheet lies on the bold grid. */
function room(reach: number, least: number): number {
  return Math.min(FARTHEST, Math.max(least, up5(reach + 1)))
}

function up5(mm: number): number {
  return Math.ceil(mm / 5 - 1e-9) * 5
}

/** Room for the pulse with a millimetre of line at either side, up to the next bold line. */
function leftMargin(speed: number): number {
  return up5(PULSE.seconds * speed + 4)
}

interface Reach {
  up: number
  down: number
  offsetMv: number
}

function reachOf(lead: Lead | undefined, gain: number): Reach {
  const values = lead?.mv?.filter((mv) => !Number.isNaN(mv)).sort() ?? new Float32Array()
  if (values.length === 0) return { up: 0, down: 0, offsetMv: 0 }
  const middle = values[values.length >> 1] ?? 0
  const offsetMv = Math.abs(middle) > OFF_ZERO_MV ? middle : 0
  const lowest = values[0] ?? 0
  const highest = values[values.length - 1] ?? 0
  return { up: (highest - offsetMv) * gain, down: (offsetMv - lowest) * gain, offsetMv }
}

export function xOf(cell: Cell, time: number): number {
  return cell.x0 + (time - cell.t0) * cell.speed
}

export function timeAt(cell: Cell, x: number): number {
  return cell.t0 + (x - cell.x0) / cell.speed
}

export function yOf(cell: Cell, mv: number): number {
  return cell.baseline - (mv - cell.offsetMv) * cell.gain
}

export function mvAt(cell: Cell, y: number): number {
  return cell.offsetMv + (cell.baseline - y) / cell.gain
}

/** The stretch of trace at a point of the sheet; beside a row, the nearest of that row. */
export function cellAt(sheet: Sheet, x: number, y: number): Cell | null {
  const row = sheet.rows.find((each) => y >= each.top && y < each.bottom)
  return row?.cells.find((cell) => x < cell.x1) ?? row?.cells.at(-1) ?? null
}

/**
 * Pixels to the millimetre so that ten seconds at 25 mm/s fill a width.
 *
 * The same at every speed: twice the speed is twice as wide, as on a recorder. Rounded down to
 * fifths, so that the 5 mm squares are whole pixels and all alike.
 */
export function fitting(width: number): number {
  const whole = leftMargin(USUAL.speed) + SHEET_SECONDS * USUAL.speed + 5
  return Math.max(2, Math.floor((width / whole) * 5) / 5)
}
