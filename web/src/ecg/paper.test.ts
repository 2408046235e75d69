import { describe, expect, it } from 'vitest'
import {
  cellAt,
  fitting,
  GAINS,
  type Gain,
  LAYOUTS,
  layOut,
  mvAt,
  SPEEDS,
  type Speed,
  timeAt,
  USUAL,
  xOf,
  yOf,
} from './paper'
import { type ChannelGiven, signalOf } from './samples'
import { pulsePath, traceOf } from './trace'
import type { Signal } from './waveform'

/** Where the pen went, parsed back from the path data alone. */
function points(path: string): { x: number; y: number }[] {
  return [...path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }))
}

function drawn(signal: Signal, lead: string, settings = USUAL) {
  const sheet = layOut(signal, settings)
  const cell = sheet.rows.flatMap((row) => row.cells).findLast((each) => each.lead === lead)
  const found = signal.leads.get(lead)
  if (!cell || !found) throw new Error(`no ${lead}`)
  return { cell, sheet, trace: traceOf(cell, found, signal.rate) }
}

const square = (height: number) => (time: number) => (time % 1 < 0.5 ? height : 0)

describe('a 1 mV square of 1 Hz', () => {
  const at500 = signalOf(square(1000), { rate: 500 })
  const at1000 = signalOf(square(1000), { rate: 1000 })
  const inputs: [string, number, ChannelGiven][] = [
    ['1 uV', 1000, { sensitivity: 1, unit: 'uV' }],
    ['2.5 uV', 400, { sensitivity: 2.5, unit: 'uV' }],
    ['5 uV corrected by 0.5', 400, { sensitivity: 5, unit: 'uV', correction: 0.5 }],
    ['0.001 mV', 1000, { sensitivity: 0.001, unit: 'mV' }],
    ['0.01 mV, baseline -0.2 mV', 100, { sensitivity: 0.01, unit: 'mV', baseline: -0.2 }],
  ]
  it.each(inputs)('is 10 mm high at 10 mm/mV: %s', (_, height, given) => {
    const { trace } = drawn(signalOf(square(height), given), 'II')
    const ys = points(trace.line).map((point) => point.y)
    expect(Math.max(...ys) - Math.min(...ys)).toBeCloseTo(10, 3)
  })

  it.each(GAINS.flatMap((gain) => SPEEDS.map((speed): [Gain, Speed] => [gain, speed])))(
    'is %d mm high and its beats lie %d mm apart, at 500 Hz and at 1000 Hz',
    (gain, speed) => {
      for (const signal of [at500, at1000]) {
        const { trace } = drawn(signal, 'II', { ...USUAL, gain, speed })
        const line = points(trace.line)
        const high = Math.min(...line.map((point) => point.y))
        const rises = line.filter(
          (point, at) => point.y === high && at > 0 && line[at - 1]?.y !== high,
        )
        expect(Math.max(...line.map((point) => point.y)) - high).toBeCloseTo(gain, 3)
        expect(rises).toHaveLength(9)
        for (const [at, rise] of rises.entries())
          if (at > 0) expect(rise.x - (rises[at - 1]?.x ?? 0)).toBeCloseTo(speed, 3)
      }
    },
  )

  it('stands as high as the calibration pulse beside it, in every layout', () => {
    for (const layout of LAYOUTS) {
      const { trace, sheet, cell } = drawn(signalOf(square(1000)), 'V5', { ...USUAL, layout })
      const [, flat, from, up, to] =
        /^M\S+ (\S+)H(\S+)V(\S+)H(\S+)V/.exec(pulsePath(sheet, cell.baseline)) ?? []
      const ys = points(trace.line).map((point) => point.y)
      expect(Number(flat) - Number(up)).toBeCloseTo(Math.max(...ys) - Math.min(...ys), 3)
      expect(Number(to) - Number(from)).toBeCloseTo(0.2 * 25, 6)
      expect(Number(to)).toBeLessThan(sheet.left)
    }
  })
})

describe('the sheet', () => {
  it('gives every lead the same gain, however high one of them is', () => {
    const signal = signalOf(square(1000))
    const tall = signal.leads.get('V2')
    if (!tall?.mv) throw new Error('no V2')
    tall.mv = tall.mv.map((mv) => mv * 3)
    const height = (lead: string) => {
      const ys = points(drawn(signal, lead).trace.line).map((point) => point.y)
      return Math.max(...ys) - Math.min(...ys)
    }
    expect(height('V2')).toBeCloseTo(30, 3)
    expect(height('V1')).toBeCloseTo(10, 3)
    expect(height('V5')).toBeCloseTo(10, 3)
  })

  it('shows the four columns one after the other over the rhythm strip', () => {
    const sheet = layOut(
      signalOf(() => 0),
      USUAL,
    )
    expect(sheet.rows.map((row) => row.cells.map((cell) => cell.lead))).toEqual([
      ['I', 'aVR', 'V1', 'V4'],
      ['II', 'aVL', 'V2', 'V5'],
      ['III', 'aVF', 'V3', 'V6'],
      ['II'],
    ])
    expect(sheet.rows[0]?.cells.map((cell) => [cell.t0, cell.t1])).toEqual([
      [0, 2.5],
      [2.5, 5],
      [5, 7.5],
      [7.5, 10],
    ])
    const rhythm = sheet.rows[3]?.cells[0]
    for (const cell of sheet.rows[0]?.cells ?? [])
      expect(rhythm && xOf(rhythm, cell.t0)).toBeCloseTo(cell.x0, 9)
  })

  it('leaves room for the calibration pulse in every row', () => {
    for (const gain of GAINS)
      for (const row of layOut(
        signalOf(() => 0, { seconds: 3 }),
        { ...USUAL, gain },
      ).rows)
        expect(row.baseline - row.top).toBeGreaterThanOrEqual(gain)
  })

  it('puts every line on the bold grid', () => {
    for (const layout of LAYOUTS)
      for (const gain of GAINS)
        for (const row of layOut(signalOf(square(1234)), { ...USUAL, layout, gain }).rows)
          expect(row.baseline % 5).toBe(0)
  })

  it('cuts what leaves its row, marks where, and draws nothing flat in its place', () => {
    const signal = signalOf((time) => (time % 1 < 0.1 ? 4500 : 0))
    const { cell, trace } = drawn(signal, 'II', { ...USUAL, gain: 20 })
    expect(trace.beyond).toHaveLength(10)
    expect(trace.beyond.every((mark) => mark.side === 'top')).toBe(true)
    const edge = points(trace.line).filter((point) => point.y <= cell.top + 0.001)
    expect(edge).toHaveLength(19)
  })

  it('moves a lead that is far from zero to its line, and keeps the millivolts true', () => {
    const { cell, trace } = drawn(
      signalOf((time) => 20000 + square(1000)(time)),
      'II',
    )
    expect(cell.offsetMv).toBeGreaterThan(19)
    const ys = points(trace.line).map((point) => point.y)
    expect(Math.max(...ys) - Math.min(...ys)).toBeCloseTo(10, 3)
    expect(mvAt(cell, yOf(cell, 20.7))).toBeCloseTo(20.7, 9)
  })

  it('shows the whole of a median beat in every column', () => {
    const sheet = layOut(
      signalOf(() => 0, { seconds: 1 }),
      USUAL,
    )
    const cells = sheet.rows[0]?.cells ?? []
    expect(cells.map((cell) => [cell.t0, cell.t1])).toEqual(Array(4).fill([0, 1]))
    expect(cells.map((cell) => cell.x1 - cell.x0)).toEqual(Array(4).fill(25))
    expect(sheet.width).toBeGreaterThanOrEqual(cells.at(-1)?.x1 ?? 0)
  })

  it('turns millimetres back into the same moment and voltage', () => {
    const sheet = layOut(signalOf(square(500)), { speed: 50, gain: 5, layout: '6x2' })
    const cell = cellAt(sheet, 400, (sheet.rows[2]?.baseline ?? 0) - 1)
    if (!cell) throw new Error('no cell')
    expect(cell.lead).toBe('V3')
    expect(timeAt(cell, xOf(cell, 6.25))).toBeCloseTo(6.25, 9)
    expect(mvAt(cell, yOf(cell, -0.37))).toBeCloseTo(-0.37, 9)
  })

  it('fits ten seconds at 25 mm/s into a width with squares of whole pixels', () => {
    for (const width of [300, 930, 1366, 1500, 3000]) {
      const scale = fitting(width)
      expect(Math.round(scale * 5 * 1e6) / 1e6).toBe(Math.round(scale * 5))
      if (width > 540) expect(265 * scale).toBeLessThanOrEqual(width)
    }
  })
})

it('leaves a gap in the line where there are no samples', () => {
  const signal = signalOf(() => 100, { seconds: 10 })
  const lead = signal.leads.get('II')
  lead?.mv?.fill(Number.NaN, 1000, 1100)
  const { trace } = drawn(signal, 'II')
  expect(trace.line.match(/M/g)).toHaveLength(2)
})
