/** Numbers are read as they are meant: missing is never zero, and a sign is always written. */
import { beforeAll, describe, expect, test } from 'vitest'
import { changeLanguage } from '../shared/words'
import {
  barOf,
  changeOf,
  compareValues,
  durationWords,
  fineWords,
  isMonth,
  monthAfter,
  monthOf,
  monthsBetween,
  quantiles,
  signed,
  toneOf,
  valueWords,
} from './numbers'

beforeAll(() => changeLanguage('zh'))

describe('a figure on a board', () => {
  test('is so fine that another rank reads otherwise', () => {
    expect(fineWords(2881, 'duration')).toBe('48分01秒')
    expect(fineWords(7509.4, 'duration')).toBe('2时05分09秒')
    expect(fineWords(0.92941, 'share')).toBe('92.94%')
  })
})

test('the months to choose from begin with the last and end with the first counted', () => {
  expect(monthsBetween('2025-11', '2026-02')).toEqual(['2026-02', '2026-01', '2025-12', '2025-11'])
  expect(monthsBetween('2026-02', '2026-02')).toEqual(['2026-02'])
})

describe('a value', () => {
  test('missing is a dash and zero is zero', () => {
    expect(valueWords(null, 'count')).toBe('—')
    expect(valueWords(undefined, 'share')).toBe('—')
    expect(valueWords(0, 'count')).toBe('0')
    expect(valueWords(0, 'share')).toBe('0.0%')
  })

  test('counts are grouped, negatives have a real minus', () => {
    expect(valueWords(12040, 'count')).toBe('12,040')
    expect(valueWords(-3, 'count')).toBe('−3')
    expect(valueWords(123_450, 'credit')).toBe('1,234.5 学分')
  })

  test('shares may pass one hundred per cent', () => {
    expect(valueWords(0.929, 'share')).toBe('92.9%')
    expect(valueWords(1.5, 'share')).toBe('150.0%')
  })

  test.each([
    [0, '0秒'],
    [59, '59秒'],
    [60, '1分'],
    [3569, '59分'],
    [3599, '1时00分'],
    [7500, '2时05分'],
    [48 * 3600 - 31, '47时59分'],
    [48 * 3600, '2天00时'],
    [76 * 3600, '3天04时'],
  ])('%i seconds are %s', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words)
  })
})

describe('a change', () => {
  test('counts and durations change in per cent', () => {
    expect(changeOf(112, 100, 'count')).toEqual({ known: true, sign: 1, text: '+12.0%' })
    expect(changeOf(90, 100, 'duration')).toEqual({ known: true, sign: -1, text: '−10.0%' })
    expect(changeOf(100, 100, 'count')).toEqual({ known: true, sign: 0, text: '0.0%' })
  })

  test('shares change in points', () => {
    expect(changeOf(0.95, 0.9, 'share')).toEqual({ known: true, sign: 1, text: '+5.0 个百分点' })
  })

  test('a month that is missing or zero gives no percentage, and says which', () => {
    expect(changeOf(5, null, 'count')).toMatchObject({ known: false, why: 'no-before' })
    expect(changeOf(null, 5, 'share')).toMatchObject({ known: false, why: 'no-now' })
    expect(changeOf(5, 0, 'count')).toEqual({ known: false, why: 'zero-before', difference: 5 })
    expect(changeOf(0, 0, 'share')).toMatchObject({ known: true, sign: 0 })
  })

  test('a growth by thousands of per cent from a handful of cases is not shown', () => {
    expect(changeOf(262, 1, 'count')).toEqual({ known: false, why: 'few-before', difference: 261 })
    expect(changeOf(9, 6, 'count')).toMatchObject({ known: true, text: '+50.0%' })
  })

  test('what rounds to nothing has no sign', () => {
    expect(changeOf(10001, 10000, 'count')).toMatchObject({ sign: 0, text: '0.0%' })
    expect(signed(0)).toBe('0.0')
    expect(signed(-2, 0)).toBe('−2')
  })

  test('better is green, more cases is neither', () => {
    const more = changeOf(2, 1, 'count')
    expect(toneOf('turnaround_median', more)).toBe('bad')
    expect(toneOf('on_time_share', more)).toBe('good')
    expect(toneOf('issued', more)).toBe('plain')
    expect(toneOf('on_time_share', changeOf(1, null, 'share'))).toBe('plain')
  })
})

describe('months', () => {
  test('step over the year', () => {
    expect(monthAfter('2026-01', -1)).toBe('2025-12')
    expect(monthAfter('2025-12', 1)).toBe('2026-01')
    expect(monthAfter('2026-11', -12)).toBe('2025-11')
  })

  test('begin at midnight in Shanghai', () => {
    expect(monthOf(Date.parse('2026-10-31T15:59:59Z'))).toBe('2026-10')
    expect(monthOf(Date.parse('2026-10-31T16:00:00Z'))).toBe('2026-11')
  })

  test('are recognised', () => {
    expect(isMonth('2026-11')).toBe(true)
    expect(isMonth('2026-13')).toBe(false)
    expect(isMonth(null)).toBe(false)
  })
})

describe('order and shape', () => {
  test('missing is last both ways', () => {
    const values = [null, 2, undefined, 5]
    expect([...values].sort((a, b) => compareValues(a, b, true)).slice(0, 2)).toEqual([5, 2])
    expect([...values].sort((a, b) => compareValues(a, b, false)).slice(0, 2)).toEqual([2, 5])
  })

  test('a bar is drawn for what is there', () => {
    expect(barOf(5, 10)).toBe(0.5)
    expect(barOf(0, 10)).toBeNull()
    expect(barOf(null, 10)).toBeNull()
    expect(barOf(3, 0)).toBeNull()
  })

  test('classes end at values that occur, and equal values share one', () => {
    expect(quantiles([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5)).toEqual([2, 4, 6, 8, 10])
    expect(quantiles([0, 0, 0, 7], 4)).toEqual([0, 7])
    expect(quantiles([], 5)).toEqual([])
  })
})
