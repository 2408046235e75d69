/** The coordinator's questions and deeds: who reads, who could, and whose a case is to be. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type {
  AssignmentOut,
  LeaveCover,
  ModeIn,
  OutcomeOut,
  ReaderOut,
  TermsIn,
} from '../shared/schema'

/** The lists of the page, in the order of their tabs. */
export const LISTS = ['open', 'danger', 'free', 'assigned', 'reserved', 'held'] as const
export type DispatchList = (typeof LISTS)[number]

export const readersQuery = queryOptions({
  queryKey: [KEYS.worklist, 'readers'],
  queryFn: (): Promise<ReaderOut[]> =>
    body(api.GET('/api/dispatch/readers')).then((found) => found.items),
})

export function candidatesQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'candidates', id],
    queryFn: () => body(api.GET('/api/requests/{id}/candidates', { params: { path: { id } } })),
  })
}

export function coverQuery(person: string) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'cover', person],
    // A proposal must not change under whoever is looking at it.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    queryFn: (): Promise<LeaveCover['items']> =>
      body(api.GET('/api/dispatch/cover', { params: { query: { person } } })).then(
        (found) => found.items,
      ),
  })
}

export const assignmentQuery = queryOptions({
  queryKey: [KEYS.worklist, 'assignment'],
  queryFn: () => body(api.GET('/api/assignment')),
})

export function setMode(id: string, given: ModeIn): Promise<AssignmentOut> {
  return body(api.PUT('/api/assignment/modes/{id}', { params: { path: { id } }, body: given }))
}

export function setTerms(id: string, given: TermsIn): Promise<AssignmentOut> {
  return body(api.PUT('/api/assignment/terms/{id}', { params: { path: { id } }, body: given }))
}

export function decisionsQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'decisions', id],
    queryFn: () => body(api.GET('/api/requests/{id}/assignment', { params: { path: { id } } })),
  })
}

export const goneQuery = queryOptions({
  queryKey: [KEYS.worklist, 'gone'],
  queryFn: () => body(api.GET('/api/assignment/gone')),
})

export interface Wish {
  request_id: string
  person_id: string | null
}

const AT_ONCE = 100

/** Moves cases, each for itself; what became of each. */
export async function assignMany(wishes: readonly Wish[]): Promise<OutcomeOut[]> {
  const outcomes: OutcomeOut[] = []
  for (let from = 0; from < wishes.length; from += AT_ONCE) {
    const items = wishes.slice(from, from + AT_ONCE)
    outcomes.push(...(await body(api.POST('/api/dispatch/assign', { body: { items } }))).items)
  }
  for (const key of [KEYS.worklist, KEYS.requests])
    void queryClient.invalidateQueries({ queryKey: [key] })
  return outcomes
}
