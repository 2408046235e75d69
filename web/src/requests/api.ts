/** Questions and steps of the requesting side. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { RequestOut } from '../shared/schema'

export const todoQuery = queryOptions({
  queryKey: [KEYS.todo],
  queryFn: () => body(api.GET('/api/todo')),
})

export const catalogueQuery = queryOptions({
  queryKey: [KEYS.catalogue],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => body(api.GET('/api/catalogue')),
})

export function caseQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'one', id],
    queryFn: () => body(api.GET('/api/requests/{id}', { params: { path: { id } } })),
  })
}

export function useAcknowledge() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, notice, action }: { id: string; notice: string; action: string }) =>
      body(
        api.POST('/api/requests/{id}/critical/{notice_id}/acknowledge', {
          params: { path: { id, notice_id: notice } },
          body: { action },
        }),
      ),
    onSuccess: (after: RequestOut) => {
      cache.setQueryData(caseQuery(after.id).queryKey, after)
      void cache.invalidateQueries({ queryKey: [KEYS.todo] })
    },
  })
}
