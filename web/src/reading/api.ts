/** The reader's queue. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'

export const TABS = [
  'pool',
  'mine',
  'held',
  'verify',
  'check',
  'returned',
  'done',
  'archive',
] as const
export type Tab = (typeof TABS)[number]

const PAGE = 100
const NEXT = 20

/** A tab's rows, page by page: more are fetched as the list is scrolled. */
export function worklistQuery(tab: Tab, service = '', q = '') {
  return infiniteQueryOptions({
    queryKey: [KEYS.worklist, tab, service, q],
    initialPageParam: 0,
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/worklist', {
          params: {
            query: {
              tab,
              limit: PAGE,
              cursor: pageParam,
              ...(service ? { service } : {}),
              ...(q ? { q } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => (page.next === null ? undefined : Number(page.next)),
  })
}

/** The head of a tab, from which the next case is taken. */
export function headQuery(tab: Tab) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'head', tab],
    queryFn: () => body(api.GET('/api/worklist', { params: { query: { tab, limit: NEXT } } })),
  })
}
