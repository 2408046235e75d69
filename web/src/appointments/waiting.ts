/** The wait list: coming onto it, leaving it, and the time that somebody was offered. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { SlotSearchIn } from '../shared/schema'
import { forget } from './api'

export const waitingQuery = queryOptions({
  queryKey: [KEYS.appointments, 'waiting'],
  queryFn: () => body(api.GET('/api/waiting')),
})

export const wait = (provider_id: string, search: SlotSearchIn): Promise<unknown> =>
  body(api.POST('/api/waiting', { body: { provider_id, search } })).then(forget)

export const withdraw = (id: string): Promise<unknown> =>
  body(api.POST('/api/waiting/{id}/withdraw', { params: { path: { id } } })).then(forget)
