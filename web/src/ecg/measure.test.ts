import { describe, expect, it } from 'vitest'
import { type Caliper, cellOf, marches, measure, moved, onCurve, pointAt } from './measure'
import { layOut, USUAL, xOf, yOf } from './paper'
import { signalOf } from './samples'

const ramp = signalOf((time) => time * 100)
const caliper = (from: number, to: number, low = 0, high = 0): Caliper => ({
  lead: 'II',
  from: { time: from, mv: low },
  to: { time: to, mv: high },
})

describe('a caliper', () => {
  it('says milliseconds, signed millivolts and beats per minute', () => {
    expect(measure(caliper(1, 1.625, 0.1, 0.42))).toEqual({
      lead: 'II',
      from: 1,
      to: 1.625,
      ms: 625,
      mv: 0.32,
      bpm: 96,
    })
    expect(measure(caliper(1.625, 1, 0.42, 0.1))).toMatchObject({ ms: 625, mv: -0.32, bpm: 96 })
  })

  it('says no rate for what is too short to be a beat', () => {
    expect(measure(caliper(1, 1.149)).bpm).toBeNull()
    expect(measure(caliper(1, 1.15)).bpm).toBe(400)
  })

  it('measures the same at every speed and gain', () => {
    for (const settings of [
      { speed: 12.5, gain: 5 },
      { speed: 25, gain: 10 },
      { speed: 50, gain: 20 },
    ] as const) {
      const sheet = layOut(ramp, { ...settings, layout: '12x1' })
      const cell = sheet.rows[1]?.cells[0]
      if (!cell) throw new Error('no II')
      const at = (time: number, mv: number) =>
        pointAt(cell, ramp, xOf(cell, time), yOf(cell, mv), false)
      expect(measure({ lead: 'II', from: at(2, 0), to: at(2.4, 0.4) })).toMatchObject({
        ms: 400,
        mv: 0.4,
        bpm: 150,
      })
    }
  })

  it('on the curve takes its voltage from the samples', () => {
    expect(onCurve(ramp, 'II', { time: 4, mv: 9 }).mv).toBeCloseTo(0.4, 6)
    expect(onCurve(ramp, 'II', { time: 4.0005, mv: 9 }).mv).toBeCloseTo(0.4, 2)
    expect(onCurve(ramp, 'V9', { time: 4, mv: 9 }).mv).toBe(9)
  })

  it('is held within its stretch of the lead when dragged beyond it', () => {
    const cell = layOut(ramp, USUAL).rows[0]?.cells[1]
    if (!cell) throw new Error('no aVR')
    expect(pointAt(cell, ramp, -50, 0, false).time).toBe(2.5)
    expect(pointAt(cell, ramp, 9999, 0, false).time).toBe(5)
  })

  it('moves by one end or whole, and never out of the recording', () => {
    const step = { time: 0.04, mv: 0.1 }
    expect(moved(caliper(1, 2), 'to', step, ramp)).toEqual({
      lead: 'II',
      from: { time: 1, mv: 0 },
      to: { time: 2.04, mv: 0.1 },
    })
    expect(measure(moved(caliper(1, 2, 0, 1), 'both', step, ramp))).toMatchObject({
      ms: 1000,
      mv: 1,
    })
    const last = caliper(1, 9.99)
    expect(moved(last, 'both', step, ramp)).toBe(last)
  })

  it('is seen where its lead is drawn at that time: II in the rhythm strip after 2.5 s', () => {
    const sheet = layOut(ramp, USUAL)
    expect(cellOf(sheet, caliper(1, 2))).toBe(sheet.rows[1]?.cells[0])
    expect(cellOf(sheet, caliper(6, 7))).toBe(sheet.rows[3]?.cells[0])
  })

  it('marches its length out to both ends of the strip', () => {
    const cell = layOut(ramp, USUAL).rows[3]?.cells[0]
    if (!cell) throw new Error('no strip')
    const times = marches(cell, caliper(2.1, 2.9))
    expect(times[0]).toBeCloseTo(0.5, 9)
    expect(times.at(-1)).toBeCloseTo(9.3, 9)
    expect(times).toHaveLength(12)
    expect(marches(cell, caliper(2, 2.01))).toEqual([])
  })
})
