import { expect, test } from 'vitest'
import { amountWords, barsOf, indexWords, percentWords, saidOf, totalOf } from './numbers'

const chosen = (choices: number, z: number | null) => ({ choices, z, index: 0, passed: 0.5 })

test('choices are said to differ only when they are many and far from blind', () => {
  expect(saidOf(null)).toBe('none')
  expect(saidOf(chosen(29, -9))).toBe('few')
  expect(saidOf(chosen(30, null))).toBe('alike')
  expect([-3, 0, 3].map((z) => saidOf(chosen(30, z)))).toEqual(['blind', 'blind', 'blind'])
  expect([-3.1, 3.1].map((z) => saidOf(chosen(30, z)))).toEqual(['lighter', 'heavier'])
})

test('amounts have one decimal at most, an index its sign', () => {
  expect([0, 12, 1.5, 0.1 + 0.2, 1204.25].map(amountWords)).toEqual([
    '0',
    '12',
    '1.5',
    '0.3',
    '1,204.3',
  ])
  expect([0, 1 / 3, 1].map(percentWords)).toEqual(['0%', '33%', '100%'])
  expect(indexWords({ index: -0.184, z: -3.42 })).toBe('−0.18 (z −3.4)')
  expect(indexWords({ index: 0.05, z: null })).toBe('+0.05')
})

test('bars are drawn against the longest of all, done or expected', () => {
  const all = [
    { share: 0.5, expected: 0.25 },
    { share: 0.25, expected: 0.75 },
  ]
  expect(barsOf(all[0] ?? { share: 0, expected: 0 }, all)).toEqual({
    done: (0.5 / 0.75) * 100,
    expected: (0.25 / 0.75) * 100,
  })
  expect(barsOf({ share: 0, expected: 0 }, [])).toEqual({ done: 0, expected: 0 })
})

test('everybody together is the sum of points and of cases', () => {
  const none = { points: 0, count: 0 }
  const reader = (points: number, count: number) => ({
    given: none,
    claimed: none,
    done: { points, count },
    returned: none,
  })
  expect(totalOf([reader(3, 2), reader(1.5, 1)], 'done')).toEqual({ points: 4.5, count: 3 })
  expect(totalOf([reader(3, 2)], 'given')).toEqual(none)
})
