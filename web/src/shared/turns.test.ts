import { expect, test } from 'vitest'
import { LEAST, partsOf, placeOf, type Turn } from './turns'

const HOUR = 3_600_000
const TURNS: Turn[] = [
  { side: 'provider', since: 0, until: HOUR },
  { side: 'requester', since: HOUR, until: HOUR + 60_000 },
  { side: 'provider', since: HOUR + 60_000, until: 3 * HOUR },
  { side: 'requester', since: 3 * HOUR, until: null },
]

test('turns fill the strip in order, each wide enough to be seen', () => {
  const parts = partsOf(TURNS, 30 * HOUR, 4 * HOUR)
  expect(parts.map((part) => part.side)).toEqual(['provider', 'requester', 'provider', 'requester'])
  expect(parts.reduce((sum, part) => sum + part.width, 0)).toBeCloseTo(100)
  for (const [at, part] of parts.entries()) {
    expect(part.width).toBeGreaterThanOrEqual(LEAST)
    expect(part.left).toBeCloseTo(parts.slice(0, at).reduce((sum, each) => sum + each.width, 0))
  }
  expect(parts[3]?.width).toBeGreaterThan(parts[0]?.width ?? 100)
})

test('while the expert answers the strip goes on to the due time, and past it when it is late', () => {
  const running: Turn[] = [{ side: 'provider', since: 0, until: null }]
  const ahead = partsOf(running, HOUR, 2 * HOUR)
  expect(ahead.map((part) => part.side)).toEqual(['provider', null])
  expect(placeOf(ahead, 2 * HOUR)).toBeCloseTo(100)
  const late = partsOf(running, 4 * HOUR, 2 * HOUR)
  expect(late).toHaveLength(1)
  expect(placeOf(late, 2 * HOUR)).toBeCloseTo(50)
})

test('time that is nobody’s lies between two turns', () => {
  const again: Turn[] = [
    { side: 'requester', since: 0, until: HOUR },
    { side: 'requester', since: 2 * HOUR, until: null },
  ]
  expect(partsOf(again, 3 * HOUR, null).map((part) => part.side)).toEqual([
    'requester',
    null,
    'requester',
  ])
})

test('a moment outside has no place, and many turns still fit', () => {
  const many = Array.from({ length: 30 }, (_, at) => ({
    side: at % 2 ? ('requester' as const) : ('provider' as const),
    since: at * HOUR,
    until: (at + 1) * HOUR,
  }))
  const parts = partsOf(many, 30 * HOUR, null)
  expect(parts.reduce((sum, part) => sum + part.width, 0)).toBeCloseTo(100)
  expect(placeOf(parts, -1)).toBeNull()
  expect(placeOf(parts, 31 * HOUR)).toBeNull()
  expect(partsOf([], 0, 5)).toEqual([])
})
