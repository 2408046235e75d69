import { describe, expect, it } from 'vitest'
import { Counter, kbps, qualityOf } from './line'

const counted = (roundTripMs: number | null, lost: number | null) => ({
  roundTripMs,
  lost,
  lostThere: null,
  receivedKbps: 0,
  sentKbps: 0,
  frames: 0,
  available: null,
})

describe('a line before the call', () => {
  it('leaves the round trip out of the speed, and never divides by nothing', () => {
    expect(kbps(125_000, 1_100, 100)).toBe(1_000)
    expect(kbps(125_000, 100, 100)).toBe(100_000)
    expect(kbps(1, 0, 0)).toBe(8)
  })
})

describe('a line during the call', () => {
  it('is good, fair or poor by what is lost and how long a word takes', () => {
    expect(qualityOf(null)).toBe('unknown')
    expect(qualityOf(counted(null, null))).toBe('unknown')
    expect(qualityOf(counted(40, 0))).toBe('good')
    expect(qualityOf(counted(251, 0))).toBe('fair')
    expect(qualityOf(counted(40, 0.03))).toBe('fair')
    expect(qualityOf(counted(601, null))).toBe('poor')
    expect(qualityOf(counted(null, 0.09))).toBe('poor')
  })

  it('counts from one reading to the next', () => {
    const counter = new Counter()
    const stats = (received: number, lost: number, got: number) =>
      new Map<string, object>([
        [
          'a',
          {
            type: 'inbound-rtp',
            bytesReceived: received,
            packetsLost: lost,
            packetsReceived: got,
            framesDecoded: 7,
          },
        ],
        ['b', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.05 }],
        ['c', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
      ]) as unknown as RTCStatsReport
    expect(counter.read(stats(1_000, 0, 10), 0)).toMatchObject({ receivedKbps: 0, lost: null })
    const second = counter.read(stats(26_000, 5, 105), 2_000)
    expect(second).toMatchObject({ receivedKbps: 100, lost: 0.05, roundTripMs: 50, frames: 7 })
  })
})
