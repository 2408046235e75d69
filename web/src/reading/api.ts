/** The reader's queue. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'

export const TABS = ['pool', 'mine', 'held', 'verify', 'returned', 'done'] as const
export type Tab = (typeof TABS)[number]

export function worklistQuery(tab: Tab, service = '') {
  return queryOptions({
    queryKey: [KEYS.worklist, tab, service],
    queryFn: () =>
      body(
        api.GET('/api/worklist', {
          params: { query: { tab, limit: 500, ...(service ? { service } : {}) } },
        }),
      ),
  })
}
