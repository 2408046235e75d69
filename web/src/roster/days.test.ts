import { expect, test } from 'vitest'
import {
  clockOf,
  DAY,
  dayOf,
  dragged,
  HOUR,
  hoursWords,
  isDay,
  lanesOf,
  midnight,
  mondayOf,
  placeOf,
  spanOf,
} from './days'

test('days and hours are those of Beijing', () => {
  const at = Date.parse('2026-03-05T16:30:00Z')
  expect(dayOf(at)).toBe('2026-03-06')
  expect(clockOf(at)).toBe('00:30')
  expect(midnight('2026-03-06')).toBe(Date.parse('2026-03-05T16:00:00Z'))
  expect(mondayOf('2026-03-08')).toBe('2026-03-02')
  expect(mondayOf('2026-03-02')).toBe('2026-03-02')
})

test('an address may say anything', () => {
  expect(isDay('2026-02-28')).toBe(true)
  for (const text of [null, '', '2026-02-30', '2026-2-3', '26-02-03', '2026-02-28T00:00'])
    expect(isDay(text)).toBe(false)
})

test('hours over midnight end on the next day', () => {
  const night = spanOf('2026-03-06', '18:00', '08:00')
  expect(night.until - night.since).toBe(14 * HOUR)
  expect(hoursWords(night, '次日 ')).toBe('18:00–次日 08:00')
  expect(hoursWords(spanOf('2026-03-06', '18:00', '00:00'), '次日 ')).toBe('18:00–24:00')
  const whole = spanOf('2026-03-06', '08:00', '08:00')
  expect(whole.until - whole.since).toBe(DAY)
})

test('a span is cut at the ends of what is shown', () => {
  const week = { since: 0, until: 7 * DAY }
  const first = placeOf({ since: -DAY, until: DAY }, week)
  expect(first?.left).toBe(0)
  expect(first?.width).toBeCloseTo(100 / 7)
  expect(placeOf({ since: 7 * DAY, until: 8 * DAY }, week)).toBeNull()
})

test('a drag snaps to half hours in either direction and stays within a day', () => {
  const eight = midnight('2026-03-06') + 8 * HOUR
  expect(dragged(eight + 60_000, eight + 2 * HOUR - 60_000)).toEqual({
    since: eight,
    until: eight + 2 * HOUR,
  })
  expect(dragged(eight + 2 * HOUR, eight)).toEqual({ since: eight, until: eight + 2 * HOUR })
  expect(dragged(eight, eight).until - eight).toBe(HOUR / 2)
  expect(dragged(eight, eight + 3 * DAY).until - eight).toBe(DAY)
})

test('what runs at once lies in lanes of its own', () => {
  const spans = [
    { since: 0, until: 10 },
    { since: 5, until: 15 },
    { since: 10, until: 20 },
  ]
  expect(lanesOf(spans)).toEqual({ lane: [0, 1, 0], count: 2 })
  expect(lanesOf([])).toEqual({ lane: [], count: 1 })
})
