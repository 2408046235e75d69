/** Questions about the network. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { AgreementIn, AgreementPage, UndoIn } from '../shared/schema'

export const PAGE = 50
/** The register's names change by import only. */
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

export function agreementQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.network, 'agreement', id],
    queryFn: () => body(api.GET('/api/agreements/{id}', { params: { path: { id } } })),
  })
}

/** What a change would mean for new cases; asked anew for each. */
export function previewQuery(id: string, given: AgreementIn) {
  return queryOptions({
    queryKey: [KEYS.network, 'preview', id, given],
    queryFn: () =>
      body(api.POST('/api/agreements/{id}/preview', { params: { path: { id } }, body: given })),
    placeholderData: keepPreviousData,
    retry: false,
  })
}

/** What the server says after a change is what is shown; the lists ask again. */
function kept(page: AgreementPage): AgreementPage {
  const { id, provider, requester } = page.agreement
  queryClient.setQueryData(agreementQuery(id).queryKey, page)
  for (const place of [provider.id, requester.id])
    void queryClient.invalidateQueries({ queryKey: institutionQuery(place).queryKey })
  return page
}

export const setAgreement = (id: string, given: AgreementIn): Promise<AgreementPage> =>
  body(api.PUT('/api/agreements/{id}', { params: { path: { id } }, body: given })).then(kept)

export const undoChange = (id: string, given: UndoIn): Promise<AgreementPage> =>
  body(api.POST('/api/agreements/{id}/undo', { params: { path: { id } }, body: given })).then(kept)
