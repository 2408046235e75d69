/**
 * ECG paper: one number, pixels per millimetre, from which everything on the strip follows.
 *
 * Three rows of four leads, 2.5 s each, and a rhythm strip of the whole. Time and voltage are drawn
 * on the same grid, so a square is a square at every size of the window.
 */
import { leadCalled, type Recording } from './waveform'

export interface Scale {
  /** Pixels per millimetre of paper. */
  readonly unit: number
  /** Millimetres per second. */
  readonly speed: number
  /** Millimetres per millivolt. */
  readonly gain: number
}

export const SPEEDS = [25, 50, 12.5] as const
export const GAINS = [10, 20, 5] as const

const ROWS = [
  ['I', 'aVR', 'V1', 'V4'],
  ['II', 'aVL', 'V2', 'V5'],
  ['III', 'aVF', 'V3', 'V6'],
] as const
const RHYTHM = 'II'
const COLUMN_SECONDS = 2.5
/** Room before the traces for the calibration pulse, in millimetres. */
const MARGIN = 12
const ROW_HEIGHT = 28

export function paperSize({ unit, speed, gain }: Scale): { width: number; height: number } {
  const seconds = COLUMN_SECONDS * 4
  return {
    width: Math.ceil((MARGIN + seconds * speed + 4) * unit),
    height: Math.ceil((rowHeight(gain) * 4 + 4) * unit),
  }
}

function rowHeight(gain: number): number {
  return gain > 10 ? ROW_HEIGHT * 1.5 : ROW_HEIGHT
}

/** Pixels per millimetre at which the whole strip fits the width. */
export function fittingUnit(width: number, speed: number): number {
  return Math.max(2, width / (MARGIN + COLUMN_SECONDS * 4 * Math.min(speed, 25) + 4))
}

export interface Ink {
  readonly paper: string
  readonly fine: string
  readonly bold: string
  readonly trace: string
}

export function drawPaper(context: CanvasRenderingContext2D, scale: Scale, ink: Ink): void {
  const { width, height } = paperSize(scale)
  context.fillStyle = ink.paper
  context.fillRect(0, 0, width, height)
  // Below three pixels a millimetre the fine lines would only be a grey.
  if (scale.unit >= 2.5) grid(context, scale.unit, width, height, ink.fine, 0.5)
  grid(context, scale.unit * 5, width, height, ink.bold, 1)
}

function grid(
  context: CanvasRenderingContext2D,
  step: number,
  width: number,
  height: number,
  colour: string,
  thick: number,
): void {
  context.strokeStyle = colour
  context.lineWidth = thick
  context.beginPath()
  for (let x = 0; x <= width; x += step) {
    context.moveTo(x, 0)
    context.lineTo(x, height)
  }
  for (let y = 0; y <= height; y += step) {
    context.moveTo(0, y)
    context.lineTo(width, y)
  }
  context.stroke()
}

export function drawTraces(
  context: CanvasRenderingContext2D,
  recording: Recording,
  scale: Scale,
  ink: Ink,
): void {
  context.strokeStyle = ink.trace
  context.fillStyle = ink.trace
  context.lineJoin = 'round'
  context.lineWidth = Math.max(1, scale.unit * 0.28)
  context.font = `600 ${Math.max(11, scale.unit * 3.4)}px sans-serif`
  const columns = Math.min(COLUMN_SECONDS, recording.seconds / 4)
  ROWS.forEach((names, row) => {
    pulse(context, row, scale)
    names.forEach((name, column) => {
      trace(
        context,
        recording,
        name,
        { row, from: column * columns, seconds: columns, at: column * columns },
        scale,
      )
    })
  })
  pulse(context, 3, scale)
  const whole = Math.min(recording.seconds, COLUMN_SECONDS * 4)
  trace(context, recording, RHYTHM, { row: 3, from: 0, seconds: whole, at: 0 }, scale)
}

function middle(row: number, { unit, gain }: Scale): number {
  return (2 + rowHeight(gain) * (row + 0.55)) * unit
}

/** The calibration pulse: one millivolt high, a fifth of a second long. */
function pulse(context: CanvasRenderingContext2D, row: number, scale: Scale): void {
  const { unit, speed, gain } = scale
  const y = middle(row, scale)
  const long = 0.2 * speed * unit
  const x = unit * 2
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x + unit, y)
  context.lineTo(x + unit, y - gain * unit)
  context.lineTo(x + unit + long, y - gain * unit)
  context.lineTo(x + unit + long, y)
  context.lineTo(x + 2 * unit + long, y)
  context.stroke()
}

interface Piece {
  readonly row: number
  /** Seconds into the recording, and into the row. */
  readonly from: number
  readonly at: number
  readonly seconds: number
}

function trace(
  context: CanvasRenderingContext2D,
  recording: Recording,
  name: string,
  piece: Piece,
  scale: Scale,
): void {
  const lead = leadCalled(recording, name)
  const { unit, speed, gain } = scale
  const left = (MARGIN + piece.at * speed) * unit
  const y = middle(piece.row, scale)
  context.fillText(name, left + unit, y - rowHeight(gain) * 0.42 * unit)
  if (lead === undefined) return
  const first = Math.round(piece.from * recording.rate)
  const count = Math.round(piece.seconds * recording.rate)
  context.beginPath()
  for (let index = 0; index < count; index += 1) {
    const millivolt = lead.millivolts[first + index]
    if (millivolt === undefined) break
    const x = left + (index / recording.rate) * speed * unit
    if (index === 0) context.moveTo(x, y - millivolt * gain * unit)
    else context.lineTo(x, y - millivolt * gain * unit)
  }
  context.stroke()
}

export interface Measure {
  readonly milliseconds: number
  readonly perMinute: number | null
  readonly millivolts: number
}

/** What a caliper between two points of the paper says. */
export function measure(dx: number, dy: number, { unit, speed, gain }: Scale): Measure {
  const milliseconds = (Math.abs(dx) / unit / speed) * 1000
  return {
    milliseconds,
    // Below a fifth of a second no two beats follow each other.
    perMinute: milliseconds >= 200 ? 60_000 / milliseconds : null,
    millivolts: -dy / unit / gain,
  }
}
