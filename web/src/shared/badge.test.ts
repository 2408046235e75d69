import { expect, test } from 'vitest'
import { titleOf, totalOf } from './badge'

test('what waits in several places is summed', () => {
  const all = [
    { count: 3, urgent: 0 },
    { count: 2, urgent: 1 },
  ]
  expect(totalOf(all)).toEqual({ count: 5, urgent: 1 })
  expect(totalOf([])).toEqual({ count: 0, urgent: 0 })
})

test('the title counts, and urgent has a sign of its own', () => {
  expect(titleOf({ count: 0, urgent: 0 }, 'x')).toBe('x')
  expect(titleOf({ count: 5, urgent: 0 }, 'x')).toBe('(5) x')
  expect(titleOf({ count: 5, urgent: 2 }, 'x')).toBe('◆(5) x')
})
