/** Follow-ups: those of a case, those that wait for us, what became of my patients. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { FollowUpIn } from '../shared/schema'

export const aftercareQuery = queryOptions({
  queryKey: [KEYS.catalogue, 'aftercare'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => body(api.GET('/api/aftercare')),
})

export const followUpsQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'follow-ups', id],
    queryFn: () => body(api.GET('/api/requests/{id}/follow-ups', { params: { path: { id } } })),
  })

export const waitingFollowUpsQuery = queryOptions({
  queryKey: [KEYS.todo, 'follow-ups'],
  queryFn: () => body(api.GET('/api/follow-ups')),
})

export const outcomesQuery = queryOptions({
  queryKey: [KEYS.requests, 'outcomes'],
  queryFn: () => body(api.GET('/api/outcomes')),
})

export function useFollowUp(caseId: string) {
  return useMutation({
    mutationFn: ({ id, ...given }: FollowUpIn & { id: string }) =>
      body(api.POST('/api/follow-ups/{id}', { params: { path: { id } }, body: given })),
    onSuccess: (after) => {
      queryClient.setQueryData(followUpsQuery(caseId).queryKey, after)
      void queryClient.invalidateQueries({ queryKey: [KEYS.todo] })
      void queryClient.invalidateQueries({ queryKey: [KEYS.requests, 'facts', caseId] })
    },
  })
}
