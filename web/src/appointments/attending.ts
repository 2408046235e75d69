/** Who of the requesting side accompanies a session: asking, naming, and saying that they are there. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { AttendedOut } from '../shared/schema'

const at = (id: string) => ({ params: { path: { id } } })

export const accompanyingQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'accompanying', id],
    queryFn: () => body(api.GET('/api/appointments/{id}/accompanying', at(id))),
  })

export const accompaniedQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'accompanied', id],
    queryFn: () => body(api.GET('/api/requests/{id}/accompanying', at(id))),
  })

function keep(after: AttendedOut): AttendedOut {
  queryClient.setQueryData(accompanyingQuery(after.appointment_id).queryKey, after)
  return after
}

export const nameAccompanying = (id: string, person_id: string): Promise<AttendedOut> =>
  body(api.POST('/api/appointments/{id}/accompanying', { ...at(id), body: { person_id } })).then(
    keep,
  )

export const confirmAccompanying = (id: string, person_id: string): Promise<AttendedOut> =>
  body(
    api.POST('/api/appointments/{id}/accompanying/confirm', { ...at(id), body: { person_id } }),
  ).then(keep)
