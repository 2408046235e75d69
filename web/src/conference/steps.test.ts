import { describe, expect, it } from 'vitest'
import type { Mode } from './signal'
import {
  begin,
  choose,
  FORGET,
  HOLD,
  type Ladder,
  MOST_NEED,
  NEED,
  type Reading,
  read,
  STRAIN,
  type Terms,
  verdict,
  worst,
} from './steps'

const TERMS: Terms = { still_kbps: 128, slow_ms: 600 }
const seen = (roundTripMs: number | null, lost: number | null, available: number | null = 900) => ({
  roundTripMs,
  lost,
  available,
})
const GOOD = seen(40, 0)
const times = (n: number, reading: Reading) => Array.from({ length: n }, () => reading)
const ends = (ladder: Ladder, readings: readonly Reading[]) =>
  readings.reduce((now, one) => read(now, one, TERMS), ladder)
/** The steps that were taken, in order. */
function steps(ladder: Ladder, readings: readonly Reading[]): Mode[] {
  const taken: Mode[] = [ladder.step]
  let now = ladder
  for (const one of readings) {
    now = read(now, one, TERMS)
    if (now.step !== taken.at(-1)) taken.push(now.step)
  }
  return taken
}

/**
 * Read every two seconds in a Chromium of five whose TURN line was let carry 90 kbit/s each way from
 * the ninth reading on (tests/journeys/test_conference.py): room for a voice and for no picture.
 */
const THROTTLED: readonly [number, number | null, number][] = [
  [10, null, 361],
  [100, 0, 361],
  [4, 0, 361],
  [2, 0, 361],
  [2, 0, 361],
  [5, 0, 361],
  [3, 0, 361],
  [3, 0, 361],
  [3, 0, 231],
  [3, 0, 148],
  [5, null, 217],
  [4, 0.0738, 160],
  [4, 0.0826, 117],
  [2, 0.0902, 91],
  [2, 0.0744, 74],
  [18, 0.1048, 47],
  [2, 0, 47],
  [38, 0.0179, 47],
]

describe('one reading', () => {
  it('is judged by the way one takes part', () => {
    expect(verdict(GOOD, 'video', TERMS)).toBe('good')
    expect(verdict(seen(null, null), 'video', TERMS)).toBe('unknown')
    expect(verdict(seen(601, null), 'video', TERMS)).toBe('bad')
    expect(verdict(seen(600, 0.08), 'video', TERMS)).toBe('fair')
    expect(verdict(seen(40, 0.081), 'video', TERMS)).toBe('bad')
    expect(verdict(seen(40, 0, 127), 'video', TERMS)).toBe('bad')
    expect(verdict(seen(40, 0, 128), 'video', TERMS)).toBe('good')
    expect(verdict(seen(301, 0), 'video', TERMS)).toBe('fair')
    expect(verdict(seen(40, 0.021), 'video', TERMS)).toBe('fair')
  })

  it('bears more where a voice alone is at stake, and asks nothing of room for pictures', () => {
    for (const step of ['still', 'audio'] as const) {
      expect(verdict(seen(1_200, 0.2, 30), step, TERMS)).toBe('fair')
      expect(verdict(seen(1_201, 0), step, TERMS)).toBe('bad')
      expect(verdict(seen(40, 0.21), step, TERMS)).toBe('bad')
    }
  })

  it('of several lines is the worst of each', () => {
    expect(worst([])).toBeNull()
    expect(worst([seen(40, 0.1, 900), seen(90, null, 200), seen(null, 0, null)])).toEqual(
      seen(90, 0.1, 200),
    )
    expect(worst([seen(null, null, null)])).toEqual(seen(null, null, null))
  })
})

describe('a thin line', () => {
  const BAD = seen(900, 0.12, 60)

  it('steps down after some bad readings and not after one fewer', () => {
    expect(ends(begin('video'), times(STRAIN - 1, BAD)).step).toBe('video')
    expect(ends(begin('video'), times(STRAIN, BAD)).step).toBe('still')
  })

  it('keeps voice and stills while these go through, and the voice at last', () => {
    expect(steps(begin('video'), times(60, BAD))).toEqual(['video', 'still'])
    const dead = seen(2_500, 0.4, 20)
    expect(steps(begin('video'), times(60, dead))).toEqual(['video', 'still', 'audio'])
    expect(ends(begin('video'), times(60, dead)).step).toBe('audio')
  })

  it('is not what a burst or a lost line is', () => {
    const burst = [...times(STRAIN - 1, BAD), ...times(3, GOOD)]
    expect(steps(begin('video'), Array.from({ length: 20 }, () => burst).flat())).toEqual(['video'])
    const gone = [...times(STRAIN - 1, BAD), seen(null, null, null)]
    expect(steps(begin('video'), Array.from({ length: 20 }, () => gone).flat())).toEqual(['video'])
    expect(steps(begin('video'), times(200, seen(400, 0.05)))).toEqual(['video'])
  })

  it('steps down although one reading between was fair', () => {
    const fair = seen(400, 0.05)
    expect(ends(begin('video'), [BAD, BAD, fair, BAD, fair, BAD]).step).toBe('still')
  })

  it('steps up again when it was good for long enough, one step at a time', () => {
    const dead = ends(begin('video'), times(60, seen(2_500, 0.4, 20)))
    expect(steps(dead, times(400, GOOD))).toEqual(['audio', 'still', 'video'])
    const still = ends(begin('video'), times(STRAIN, BAD))
    expect(ends(still, times(2 * NEED + 2, GOOD)).step).toBe('still')
    expect(ends(still, times(2 * NEED + 3, GOOD)).step).toBe('video')
    expect(ends(still, times(500, seen(400, 0.05))).step).toBe('still')
  })

  it('at the edge goes back and forth less and less', () => {
    // Good as long as no pictures move, bad as soon as they do: what a narrow line looks like.
    let ladder = begin('video')
    const changes: number[] = []
    for (let n = 0; n < 1_800; n += 1) {
      const next = read(ladder, ladder.step === 'video' ? BAD : GOOD, TERMS)
      if (next.step !== ladder.step) changes.push(n)
      ladder = next
    }
    const ups = changes.filter((_, n) => n % 2 === 1)
    const gaps = ups.slice(1).map((at, n) => at - (ups[n] ?? 0))
    expect(gaps.slice(0, 2).every((gap, n) => n === 0 || gap > (gaps[n - 1] ?? 0))).toBe(true)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(MOST_NEED + 15)
    expect(changes.length).toBeLessThan(45) // in an hour
  })
})

describe('a line that was thin once', () => {
  it('is a line like others after five good minutes', () => {
    const bad = seen(900, 0.12, 60)
    const back = ends(begin('video'), [...times(STRAIN, bad), ...times(2 * NEED + 3, GOOD)])
    expect(back).toMatchObject({ step: 'video', need: 2 * NEED })
    expect(ends(back, times(FORGET + 3, GOOD)).need).toBe(NEED)
  })
})

describe('the person', () => {
  const BAD = seen(900, 0.12, 60)

  it('is never given more than they chose', () => {
    for (const wish of ['still', 'audio'] as const)
      expect(steps(begin(wish), times(300, GOOD))).toEqual([wish])
    expect(steps(begin('phone'), times(300, seen(9_000, 1, 1)))).toEqual(['phone'])
  })

  it('decides against the rule for two minutes', () => {
    const still = ends(begin('video'), times(STRAIN, BAD))
    const against = choose(still, 'video')
    expect(against.step).toBe('video')
    expect(ends(against, times(HOLD + STRAIN - 1, BAD)).step).toBe('video')
    expect(ends(against, times(HOLD + STRAIN, BAD)).step).toBe('still')
  })

  it('who chooses without the rule having done anything is served at once', () => {
    const ladder = choose(begin('audio'), 'video')
    expect(ends(ladder, times(STRAIN, BAD)).step).toBe('still')
  })
})

describe('a recorded line', () => {
  const readings = THROTTLED.map(([back, lost, room]) => seen(back, lost, room))

  it('steps down once while it is throttled and up once when it is not', () => {
    expect(steps(begin('video'), readings.slice(0, 15))).toEqual(['video'])
    expect(steps(begin('video'), readings)).toEqual(['video', 'still'])
    expect(steps(begin('video'), [...readings, ...times(60, GOOD)])).toEqual([
      'video',
      'still',
      'video',
    ])
  })

  it('does not step down for what was lost on the way into an outage', () => {
    expect(steps(begin('video'), [...readings.slice(0, 14), ...times(60, GOOD)])).toEqual(['video'])
  })
})
