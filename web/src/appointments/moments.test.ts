import { expect, test } from 'vitest'
import { momentOf, onPicker } from './moments'

test('a picker shows the clock of Guangxi, and is read as such', () => {
  for (const text of [
    '2026-03-06T01:30:00.000Z',
    '2026-03-29T00:30:00.000Z',
    '2025-12-31T16:00:00.000Z',
  ]) {
    const at = Date.parse(text)
    expect(momentOf(onPicker(at))).toBe(text)
  }
  expect(onPicker(Date.parse('2026-03-05T16:30:00Z')).format('YYYY-MM-DD HH:mm')).toBe(
    '2026-03-06 00:30',
  )
})
