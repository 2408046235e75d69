import { expect, test } from 'vitest'
import { extended, NONE, toggled } from './marks'

const ORDER = ['a', 'b', 'c', 'd', 'e']

test('a row is marked and unmarked, and a range begins where the last was marked', () => {
  const one = toggled(NONE, 'b')
  expect([...one.ids]).toEqual(['b'])
  expect([...extended(one, ORDER, null, 'd').ids]).toEqual(['b', 'c', 'd'])
  expect([...extended(one, ORDER, null, 'a').ids].sort()).toEqual(['a', 'b'])
  expect([...toggled(one, 'b').ids]).toEqual([])
})

test('a range without an anchor begins at the row one stands on, or is that row alone', () => {
  expect([...extended(NONE, ORDER, 'c', 'd').ids]).toEqual(['c', 'd'])
  expect([...extended(NONE, ORDER, null, 'd').ids]).toEqual(['d'])
})

test('an anchor that left the list, or a row that is not in it, marks nothing by accident', () => {
  const gone = toggled(NONE, 'x')
  expect([...extended(gone, ORDER, 'd', 'e').ids].sort()).toEqual(['d', 'e', 'x'])
  expect(extended(NONE, ORDER, 'a', 'x')).toBe(NONE)
})
