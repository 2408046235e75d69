import { describe, expect, it } from 'vitest'
import { filtered, NO_FILTERS } from './filters'
import { signalOf } from './samples'
import type { Signal } from './waveform'

const sine = (hz: number) => (time: number) => 1000 * Math.sin(2 * Math.PI * hz * time)

/** Half the height of the middle of lead II, away from the ends. */
function height(signal: Signal): number {
  const middle = signal.leads.get('II')?.mv?.slice(1500, 3500) ?? new Float32Array()
  return (Math.max(...middle) - Math.min(...middle)) / 2
}

describe('display filters', () => {
  it('are off by default: the very same signal', () => {
    const signal = signalOf(sine(5))
    expect(filtered(signal, NO_FILTERS)).toBe(signal)
  })

  it('take out mains at 50 Hz and leave 10 Hz and 40 Hz as they were', () => {
    const mains = { wander: false, mains: true }
    expect(height(filtered(signalOf(sine(50)), mains))).toBeLessThan(0.02)
    expect(height(filtered(signalOf(sine(10)), mains))).toBeCloseTo(1, 2)
    expect(height(filtered(signalOf(sine(40)), mains))).toBeGreaterThan(0.97)
  })

  it('halve wander at 0.5 Hz, take out 0.1 Hz and a standing offset, leave 5 Hz', () => {
    const wander = { wander: true, mains: false }
    // Butterworth is 3 dB down at its corner; run twice, 6 dB.
    expect(height(filtered(signalOf(sine(0.5)), wander))).toBeCloseTo(0.5, 1)
    expect(height(filtered(signalOf(sine(0.1)), wander))).toBeLessThan(0.05)
    expect(
      height(
        filtered(
          signalOf(() => 3000),
          wander,
        ),
      ),
    ).toBeLessThan(0.001)
    expect(height(filtered(signalOf(sine(5)), wander))).toBeCloseTo(1, 2)
  })

  it('delay nothing: a peak stays at its sample', () => {
    const peak = signalOf((time) => 1000 * Math.exp(-(((time - 5) / 0.02) ** 2)))
    const after = filtered(peak, { wander: true, mains: true }).leads.get('II')?.mv
    expect(after?.indexOf(Math.max(...(after ?? [])))).toBe(2500)
  })

  it('keep a gap a gap', () => {
    const signal = signalOf(sine(5))
    signal.leads.get('II')?.mv?.fill(Number.NaN, 2000, 2100)
    const after = filtered(signal, { wander: true, mains: true }).leads.get('II')?.mv
    expect(after?.[2050]).toBeNaN()
    expect(after?.filter((mv) => Number.isNaN(mv))).toHaveLength(100)
  })
})
