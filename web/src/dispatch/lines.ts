/** The readers beside the queue: who may take what is chosen, why not, and how much each has. */
import type { CandidateOut, ReaderOut, RequestRow } from '../shared/schema'
import { pick } from '../shared/words'

export interface Line {
  person_id: string
  name: string
  title: string
  department: string
  open: number
  waiting: number
  done: number
  /** Null where nothing is chosen that could be assigned. */
  may: boolean | null
  why: string
  /** Everything chosen is theirs already. */
  has: boolean
}

interface Words {
  service: (code: string) => string
  whyServices: (services: string) => string
}

/** Whether a case waits for somebody: what is being read is released first. */
export function assignable(row: RequestRow): boolean {
  return row.state === 'open' && row.claim === null && row.report_state !== 'preliminary'
}

/** Of one case the server says who may; of several, who may take all their services. */
export function linesOf(
  readers: readonly ReaderOut[],
  candidates: readonly CandidateOut[] | undefined,
  chosen: readonly RequestRow[],
  words: Words,
): Line[] {
  const one = chosen.length === 1 && candidates !== undefined
  if (one) {
    const load = new Map(readers.map((each) => [each.person_id, each]))
    return candidates.map((each) => ({
      ...shown(each, load.get(each.person_id) ?? each),
      may: each.why_not === null,
      why: each.why_not ? pick(each.why_not) : '',
      has: chosen.every((row) => row.scheduled_performer?.person_id === each.person_id),
    }))
  }
  const services = [...new Set(chosen.map((row) => row.service))]
  return readers.map((each) => {
    const not = services.filter((service) => !each.takes.includes(service))
    return {
      ...shown(each, each),
      may: services.length === 0 ? null : not.length === 0,
      why: not.length > 0 ? words.whyServices(not.map(words.service).join('、')) : '',
      has:
        chosen.length > 0 &&
        chosen.every((row) => row.scheduled_performer?.person_id === each.person_id),
    }
  })
}

type Person = Pick<ReaderOut, 'person_id' | 'name' | 'title' | 'department'>
type Load = Pick<ReaderOut, 'open' | 'waiting' | 'done'>

function shown({ person_id, name, title, department }: Person, { open, waiting, done }: Load) {
  return { person_id, name, title: pick(title), department, open, waiting, done }
}
