import { expect, test } from 'vitest'
import { chosenColumns, clickedSort, USUAL } from './columns'

test('a click sorts up, then down, then not', () => {
  expect(clickedSort('', 'due', false)).toBe('due')
  expect(clickedSort('due', 'due', false)).toBe('-due')
  expect(clickedSort('-due', 'due', false)).toBe('')
  expect(clickedSort('urgency,due', 'patient', false)).toBe('patient')
})

test('a click with Shift joins the others, in their order', () => {
  expect(clickedSort('urgency', 'due', true)).toBe('urgency,due')
  expect(clickedSort('urgency,due', 'urgency', true)).toBe('-urgency,due')
  expect(clickedSort('-urgency,due', 'urgency', true)).toBe('due')
  expect(clickedSort('a,b,c,d', 'e', true)).toBe('a,b,c,d')
})

test('unknown columns are left out and there is never none', () => {
  expect(chosenColumns(['patient', 'gone']).map((each) => each.code)).toEqual(['patient'])
  expect(chosenColumns(['gone']).map((each) => each.code)).toEqual(USUAL)
  expect(chosenColumns(null).map((each) => each.code)).toEqual(USUAL)
})
