/** Questions about the fairness ledger of the own institution. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'

/** What a reader's month is counted in, in the order of the table. */
export const FIGURES = ['given', 'claimed', 'done', 'returned'] as const
export type Figure = (typeof FIGURES)[number]

/** The ledger is folded anew at each question, so it is not asked at every glance. */
const FRESH = 60_000

export function ledgerQuery(month: string) {
  return queryOptions({
    queryKey: [KEYS.fairness, month],
    placeholderData: keepPreviousData,
    staleTime: FRESH,
    refetchOnWindowFocus: false,
    queryFn: () => body(api.GET('/api/fairness', { params: { query: { month } } })),
  })
}

export function factsQuery(month: string, person: string, figure: Figure) {
  const asked = { month, person, figure }
  return infiniteQueryOptions({
    queryKey: [KEYS.fairness, 'facts', asked],
    staleTime: FRESH,
    refetchOnWindowFocus: false,
    initialPageParam: 0,
    getNextPageParam: (page: { next: number | null }) => page.next,
    queryFn: ({ pageParam: after }) =>
      body(api.GET('/api/fairness/facts', { params: { query: { ...asked, after } } })),
  })
}
