/** The hand-over of a shift. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { HandoverIn, HandoverOut } from '../shared/schema'

// Under the worklist's key: every claim that changes hands changes what is open.
export const draftQuery = queryOptions({
  queryKey: [KEYS.worklist, 'handover', 'draft'],
  queryFn: () => body(api.GET('/api/handovers/draft')),
})

export const sheetsQuery = queryOptions({
  queryKey: [KEYS.worklist, 'handover', 'sheets'],
  queryFn: () => body(api.GET('/api/handovers')),
})

function forget<T>(after: T): T {
  void queryClient.invalidateQueries({ queryKey: [KEYS.worklist] })
  return after
}

export function signSheet(given: HandoverIn): Promise<HandoverOut> {
  return body(api.POST('/api/handovers', { body: given })).then(forget)
}

export function acceptSheet(id: string, password: string): Promise<HandoverOut> {
  return body(
    api.POST('/api/handovers/{id}/accept', { params: { path: { id } }, body: { password } }),
  ).then(forget)
}
