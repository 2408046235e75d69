/** The readers beside the queue: who may take what is chosen, why, and how much each has. */
import type { CandidateList, CandidateOut, ReaderOut, RequestRow } from '../shared/schema'
import { pick } from '../shared/words'

export type Light = CandidateOut['light']

export interface Line {
  person_id: string
  name: string
  title: string
  open: number
  waiting: number
  done: number
  /** Points of work in hand. */
  in_hand: number
  on_duty: boolean | null
  /** Null where nothing is chosen that could be assigned. */
  light: Light | null
  /** Why: what speaks against somebody first. */
  why: string
  /** What is chosen and may be theirs. */
  fits: readonly string[]
  /** The rule would give it to them, where a coordinator lets it suggest or decide. */
  suggested: boolean
  /** Everything chosen is theirs already. */
  has: boolean
}

export interface LineWords {
  service: (code: string) => string
  without: (services: string) => string
  part: (n: number, services: string) => string
}

/** Whether a case waits for somebody: what is being read is released first. */
export function assignable(row: RequestRow): boolean {
  return row.state === 'open' && row.claim === null && row.report_state !== 'preliminary'
}

/** Of one case the server says who may and ranks them; of several, who may take most of them. */
export function linesOf(
  readers: readonly ReaderOut[],
  ranking: Pick<CandidateList, 'items' | 'suggested'> | undefined,
  chosen: readonly RequestRow[],
  words: LineWords,
): Line[] {
  if (chosen.length === 1 && ranking !== undefined)
    return ranking.items.map((each) => ({
      ...shown(each),
      light: each.light,
      why: each.reasons.map((reason) => pick(reason.label)).join(' · '),
      fits: each.light === 'red' ? [] : chosen.map((row) => row.id),
      suggested: each.person_id === ranking.suggested,
      has: hasAll(each.person_id, chosen),
    }))
  const lines = readers.map((each) => ofMany(each, chosen, words))
  return lines.sort((a, b) => b.fits.length - a.fits.length)
}

function ofMany(reader: ReaderOut, chosen: readonly RequestRow[], words: LineWords): Line {
  const fits = chosen.filter((row) => reader.takes.includes(row.service)).map((row) => row.id)
  const not = [...new Set(chosen.map((row) => row.service))].filter(
    (service) => !reader.takes.includes(service),
  )
  const without = not.map(words.service).join('、')
  const some = fits.length > 0
  return {
    ...shown(reader),
    light: chosen.length === 0 ? null : not.length === 0 ? 'green' : some ? 'amber' : 'red',
    why: not.length === 0 ? '' : some ? words.part(fits.length, without) : words.without(without),
    fits,
    suggested: false,
    has: hasAll(reader.person_id, chosen),
  }
}

function hasAll(person: string, chosen: readonly RequestRow[]): boolean {
  return chosen.length > 0 && chosen.every((row) => row.scheduled_performer?.person_id === person)
}

function shown(each: ReaderOut | CandidateOut) {
  const { person_id, name, title, open, waiting, done, in_hand, on_duty } = each
  return { person_id, name, title: pick(title), open, waiting, done, in_hand, on_duty }
}
