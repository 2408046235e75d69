/** The pen: SVG path data, in millimetres, of traces, pulses, grid and the marks of what is cut. */
import { type Cell, PULSE, type Sheet, xOf, yOf } from './paper'
import type { Lead, Run } from './waveform'

export interface Trace {
  /** Path data of the line. */
  line: string
  /** Where the line leaves the room of its row: it is cut there, and marked. */
  beyond: { x: number; side: 'top' | 'bottom' }[]
  /** Where the converter was at its end, x from and to. */
  saturated: { from: number; to: number; y: number }[]
}

interface Point {
  x: number
  y: number
}

/** The part of a lead that belongs in a cell. A gap in the samples is a gap in the line. */
export function traceOf(cell: Cell, lead: Lead, rate: number): Trace {
  const { mv } = lead
  if (mv === null) return { line: '', beyond: [], saturated: [] }
  const skew = lead.channel.skew
  const first = Math.max(0, Math.ceil((cell.t0 - skew) * rate - 1e-6))
  const last = Math.min(mv.length - 1, Math.floor((cell.t1 - skew) * rate + 1e-6))
  const pen = new Pen(cell)
  for (let at = first; at <= last; at++)
    pen.to(xOf(cell, at / rate + skew), yOf(cell, mv[at] ?? Number.NaN))
  const inCell = ({ from, to }: Run) => to >= first && from <= last
  return {
    line: pen.line,
    beyond: pen.beyond,
    saturated: lead.saturated.filter(inCell).map((run) => ({
      from: xOf(cell, Math.max(run.from, first) / rate + skew),
      to: xOf(cell, Math.min(run.to, last) / rate + skew),
      y: clamp(yOf(cell, mv[run.from] ?? 0), cell.top, cell.bottom),
    })),
  }
}

/** Draws within the room of a row; where the trace goes beyond it, stops at the edge and notes it. */
class Pen {
  readonly beyond: Trace['beyond'] = []
  private readonly parts: string[] = []
  private before: Point | null = null
  private down = false

  constructor(private readonly cell: Cell) {}

  get line(): string {
    return this.parts.join('')
  }

  to(x: number, y: number): void {
    if (Number.isNaN(y)) {
      this.before = null
      this.down = false
      return
    }
    const point = { x, y }
    const within = this.sideOf(y) === null
    if (within) {
      if (!this.down) this.enter(point)
      this.draw(point)
    } else this.leave(point)
    this.down = within
    this.before = point
  }

  private sideOf(y: number): 'top' | 'bottom' | null {
    if (y < this.cell.top) return 'top'
    return y > this.cell.bottom ? 'bottom' : null
  }

  private enter(point: Point): void {
    const start = this.before ? this.crossing(this.before, point) : point
    this.parts.push(`M${mm(start.x)} ${mm(start.y)}`)
  }

  private leave(point: Point): void {
    const side = this.sideOf(point.y) ?? 'top'
    if (this.down && this.before) this.draw(this.crossing(point, this.before))
    const already = this.before !== null && this.sideOf(this.before.y) === side
    if (!already) this.beyond.push({ x: point.x, side })
  }

  /** Where the straight line from a point beyond to a point within meets the edge. */
  private crossing(beyond: Point, within: Point): Point {
    const edge = this.sideOf(beyond.y) === 'top' ? this.cell.top : this.cell.bottom
    const share = (edge - beyond.y) / (within.y - beyond.y)
    return { x: beyond.x + (within.x - beyond.x) * share, y: edge }
  }

  private draw(point: Point): void {
    this.parts.push(`L${mm(point.x)} ${mm(point.y)}`)
  }
}

/** A thousandth of a millimetre: 0.1 microvolt at 10 mm/mV, far below any pixel. */
function mm(value: number): string {
  return `${Math.round(value * 1000) / 1000}`
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** The calibration pulse of every row: 1 mV high, 0.2 s long, in the gain and speed of the sheet. */
export function pulsePath(sheet: Sheet, baseline: number): string {
  const { speed, gain } = sheet.settings
  const wide = PULSE.seconds * speed
  const from = (sheet.left - wide) / 2
  const to = from + wide
  const high = baseline - PULSE.mv * gain
  return `M${mm(from - 1.5)} ${mm(baseline)}H${mm(from)}V${mm(high)}H${mm(to)}V${mm(baseline)}H${mm(to + 1.5)}`
}

/** Lines every `step` mm; the fine grid leaves out those the bold one draws. */
export function gridPath(sheet: Pick<Sheet, 'width' | 'height'>, step: 1 | 5): string {
  const parts: string[] = []
  const drawn = (at: number) => step === 5 || at % 5 !== 0
  for (let x = 0; x <= sheet.width; x += step) if (drawn(x)) parts.push(`M${x} 0V${sheet.height}`)
  for (let y = 0; y <= sheet.height; y += step) if (drawn(y)) parts.push(`M0 ${y}H${sheet.width}`)
  return parts.join('')
}

/** Short strokes where one lead of a row ends and the next begins. */
export function boundaryPath(sheet: Sheet): string {
  return sheet.rows
    .flatMap((row) => row.cells.slice(1).map((cell) => strokes(cell.x0, row.baseline)))
    .join('')
}

function strokes(x: number, baseline: number): string {
  return `M${mm(x)} ${mm(baseline - 6)}v3M${mm(x)} ${mm(baseline + 3)}v3`
}
