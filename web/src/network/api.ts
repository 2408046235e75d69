/** Questions about the network. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'

export const PAGE = 50
/** The register changes by import only. */
const SLOW = 10 * 60_000

export const summaryQuery = queryOptions({
  queryKey: [KEYS.network, 'summary'],
  staleTime: SLOW,
  queryFn: () => body(api.GET('/api/network/summary')),
})

export interface InstitutionFilter {
  q: string
  city: string
  level: string
  connected: boolean | null
}

export function institutionsQuery(filter: InstitutionFilter, page: number, limit = PAGE) {
  const query = { ...filter, connected: filter.connected ?? undefined, limit, offset: page * limit }
  return queryOptions({
    queryKey: [KEYS.network, 'institutions', query],
    placeholderData: keepPreviousData,
    staleTime: SLOW,
    queryFn: () => body(api.GET('/api/institutions', { params: { query } })),
  })
}

export function institutionQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.network, 'institution', id],
    queryFn: () => body(api.GET('/api/institutions/{id}', { params: { path: { id } } })),
  })
}

export function alliancesQuery(q: string, form: string, page: number) {
  const query = { q, form, limit: PAGE, offset: page * PAGE }
  return queryOptions({
    queryKey: [KEYS.network, 'alliances', query],
    placeholderData: keepPreviousData,
    staleTime: SLOW,
    queryFn: () => body(api.GET('/api/alliances', { params: { query } })),
  })
}
