import { describe, expect, it } from 'vitest'
import { pace, presses } from './pace'

const fact = { seq: 1, at: '2026-11-22T02:00:00Z', request_id: 'r1', study_id: null }

describe('the pace of asking again', () => {
  it('shows the first fact at once', () => {
    expect(pace(Number.POSITIVE_INFINITY, false)).toBe(120)
    expect(pace(5_000, false)).toBe(120)
  })

  it('asks once a second at a busy desk, never sooner than facts come together', () => {
    expect(pace(0, false)).toBe(1_000)
    expect(pace(400, false)).toBe(600)
    expect(pace(950, false)).toBe(120)
  })

  it('lets no pressing case wait for the second', () => {
    expect(pace(0, true)).toBe(120)
    expect(presses({ ...fact, kind: 'request.submitted', urgency: 'stat' })).toBe(true)
    expect(presses({ ...fact, kind: 'request.submitted', urgency: 'urgent' })).toBe(true)
    expect(presses({ ...fact, kind: 'critical.notified', urgency: 'routine' })).toBe(true)
    expect(presses({ ...fact, kind: 'request.submitted', urgency: 'routine' })).toBe(false)
    expect(presses({ ...fact, kind: 'duty.set' })).toBe(false)
  })
})
