/** Every city has one tile, and a tile's tint never mistakes missing for zero. */
import { expect, test } from 'vitest'
import { CITY_NAMES, CLASSES, classBounds, classOf, shortArea, TILE_ROWS } from './tiles'

test('the 14 cities stand once each', () => {
  const placed = TILE_ROWS.flat().filter((code) => code !== null)
  expect(new Set(placed).size).toBe(14)
  expect([...placed].sort()).toEqual(Object.keys(CITY_NAMES).sort())
})

test('missing, zero and something are three things', () => {
  const bounds = classBounds([null, 0, 3, 9])
  expect(classOf(null, bounds)).toBeNull()
  expect(classOf(0, bounds)).toBe(0)
  expect(classOf(9, bounds)).toBe(CLASSES)
  expect(classOf(3, bounds)).toBeLessThan(CLASSES)
})

test('more is never lighter', () => {
  const values = [1, 1, 2, 5, 8, 13, 21, 21, 40, 100]
  const bounds = classBounds(values)
  const classes = values.map((value) => classOf(value, bounds) ?? 0)
  expect(classes).toEqual([...classes].sort((a, b) => a - b))
  expect(classes.at(-1)).toBe(CLASSES)
})

test.each([
  ['龙胜各族自治县', '龙胜'],
  ['环江毛南族自治县', '环江'],
  ['横州市', '横州'],
  ['藤县', '藤县'],
  ['青秀区', '青秀'],
  ['港口区', '港口'],
])('%s is %s', (name, short) => {
  expect(shortArea(name)).toBe(short)
})
