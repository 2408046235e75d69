/** Questions about studies. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'

export interface StudyFilter {
  q?: string
  modality?: string
}

export function studiesQuery(filter: StudyFilter) {
  return infiniteQueryOptions({
    queryKey: [KEYS.studies, 'list', filter],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/studies', {
          params: { query: { ...filter, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function studyQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'one', id],
    queryFn: () => body(api.GET('/api/studies/{id}', { params: { path: { id } } })),
  })
}
