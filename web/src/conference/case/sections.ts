/** What the sections of minutes are called. */
import type { MinutesOut } from '../../shared/schema'
import { say } from './words'

export function sectionWords(found: MinutesOut, one: MinutesOut['sections'][number]): string {
  if (one.section === 'discussion' || one.section === 'summary') return say(one.section)
  const name = found.people.find((person) => person.person_id === one.person_id)?.name ?? ''
  return say('opinion', { name })
}
