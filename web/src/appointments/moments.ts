/** The clocks of Guangxi in a picker that knows the browser's only. */
import dayjs, { type Dayjs } from 'dayjs'
import { clockOf, dayOf, midnight } from '../roster/days'

const HOUR = 3_600_000
const MINUTE = 60_000

/** A moment as the picker shows it, whatever zone the browser is in. */
export function onPicker(at: number): Dayjs {
  return dayjs(`${dayOf(at)}T${clockOf(at)}:00`)
}

/** The moment that the picker's day and hour are in Guangxi. */
export function momentOf(at: Dayjs): string {
  const day = midnight(at.format('YYYY-MM-DD'))
  return new Date(day + at.hour() * HOUR + at.minute() * MINUTE).toISOString()
}
