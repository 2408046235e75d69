import { describe, expect, it } from 'vitest'
import { fittingUnit, measure, paperSize } from './paper'

describe('ECG paper', () => {
  it.each([3, 4, 6.5])('measures the same at %d pixels a millimetre', (unit) => {
    const scale = { unit, speed: 25, gain: 10 }
    // Five large squares across are one second, two up are one millivolt.
    const found = measure(25 * unit, -10 * unit, scale)
    expect(found.milliseconds).toBeCloseTo(1000)
    expect(found.perMinute).toBeCloseTo(60)
    expect(found.millivolts).toBeCloseTo(1)
  })

  it('halves the time of a distance when the paper runs twice as fast', () => {
    const slow = measure(100, 0, { unit: 4, speed: 25, gain: 10 })
    const fast = measure(100, 0, { unit: 4, speed: 50, gain: 10 })
    expect(fast.milliseconds).toBeCloseTo(slow.milliseconds / 2)
  })

  it('calls no rate between two points of one beat', () => {
    expect(measure(10, 0, { unit: 4, speed: 25, gain: 10 }).perMinute).toBeNull()
  })

  it('fits ten seconds at 25 mm/s into the width it was given', () => {
    const unit = fittingUnit(1000, 25)
    expect(paperSize({ unit, speed: 25, gain: 10 }).width).toBeLessThanOrEqual(1001)
  })
})
