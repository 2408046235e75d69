import { expect, test } from 'vitest'
import { hoursShown, keyMove, meetsIn, movedBy, placeOn, TALL } from './layout'

const at = (clock: string, day = '2026-03-06') => Date.parse(`${day}T${clock}:00+08:00`)
const span = (from: string, to: string) => ({ since: at(from), until: at(to) })

test('a grid shows the working day, and more where something lies outside', () => {
  expect(hoursShown([])).toEqual({ first: 7, last: 20 })
  expect(hoursShown([span('05:30', '06:00'), span('21:10', '21:40')])).toEqual({
    first: 5,
    last: 22,
  })
  expect(hoursShown([{ since: at('23:00'), until: at('01:00', '2026-03-07') }]).last).toBe(24)
})

test('an appointment stands at its hour of its day', () => {
  const hours = { first: 7, last: 20 }
  expect(placeOn(span('09:00', '09:30'), '2026-03-06', hours)).toEqual({
    top: 2 * TALL,
    tall: TALL / 2,
  })
  expect(placeOn(span('09:00', '09:30'), '2026-03-07', hours)).toBeNull()
  expect(placeOn(span('06:30', '07:30'), '2026-03-06', hours)).toEqual({ top: 0, tall: TALL / 2 })
})

test('a drag moves by quarters of an hour and days, and stays in its day', () => {
  expect(movedBy(at('09:00'), TALL / 2 + 3, 0)).toBe(at('09:30'))
  expect(movedBy(at('09:00'), 2, 1)).toBe(at('09:00', '2026-03-07'))
  expect(movedBy(at('23:30'), 10 * TALL, 0)).toBe(at('23:30'))
})

test('Shift and an arrow do the same', () => {
  expect(keyMove(at('09:00'), 'ArrowDown')).toBe(at('09:15'))
  expect(keyMove(at('09:00'), 'ArrowLeft')).toBe(at('09:00', '2026-03-05'))
  expect(keyMove(at('09:00'), 'Enter')).toBeNull()
})

test('a lecture and the appointment that is its conference are one block', () => {
  const shown = [{ id: 'a' }, { id: 'b' }]
  const week = { holds: () => true }
  expect(meetsIn(week, shown, { appointment_id: 'a' })).toBe(true)
  expect(meetsIn(week, shown, { appointment_id: null })).toBe(false)
  expect(meetsIn(week, [], { appointment_id: 'a' })).toBe(false) // canceled, and not shown
  // A lecturer who does not sit in it sees the lecture.
  expect(meetsIn({ holds: (one) => one.id === 'b' }, shown, { appointment_id: 'a' })).toBe(false)
})
