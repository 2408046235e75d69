/** When an appointment begins, by the clocks of Guangxi. */
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'

export function beginning(at: string): string {
  const since = Date.parse(at)
  return `${dateWords(dayOf(since))} ${clockOf(since)}`
}
