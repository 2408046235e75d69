/** Urgent calls: ringing down a roster, and being rung. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { UrgentCallIn, UrgentCallOut } from '../shared/schema'

const one = (id: string) => ({ params: { path: { id } } })

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.calls, id],
    queryFn: () => body(api.GET('/api/urgent-calls/{id}', one(id))),
  })

/** What rings for me. Told by the live line; asked now and then in case it is away. */
export const ringingQuery = queryOptions({
  queryKey: [KEYS.calls, 'ringing'],
  queryFn: () => body(api.GET('/api/urgent-calls/ringing', {})),
  refetchInterval: 10_000,
})

function keep(call: UrgentCallOut): void {
  queryClient.setQueryData(callQuery(call.id).queryKey, call)
  void queryClient.invalidateQueries({ queryKey: [KEYS.calls, 'ringing'] })
}

export const useMakeCall = () =>
  useMutation({
    mutationFn: (wanted: UrgentCallIn) => body(api.POST('/api/urgent-calls', { body: wanted })),
    onSuccess: keep,
  })

export const useCallStep = (id: string) =>
  useMutation({
    mutationFn: (step: 'answer' | 'decline' | 'cancel') => {
      if (step === 'answer') return body(api.POST('/api/urgent-calls/{id}/answer', one(id)))
      if (step === 'decline') return body(api.POST('/api/urgent-calls/{id}/decline', one(id)))
      return body(api.POST('/api/urgent-calls/{id}/cancel', one(id)))
    },
    onSuccess: keep,
    // Somebody was quicker: what is so now is asked for.
    onError: () => void queryClient.invalidateQueries({ queryKey: [KEYS.calls] }),
  })
