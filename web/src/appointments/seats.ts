/** Who could take a seat, and giving it to them. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { AppointmentWhole } from '../shared/schema'
import { forget } from './api'

/** The version is in the key: after another time others are free. */
export const substitutesQuery = (id: string, seat: number, version: number) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'substitutes', id, seat, version],
    queryFn: () =>
      body(
        api.GET('/api/appointments/{id}/substitutes', {
          params: { path: { id }, query: { seat } },
        }),
      ),
  })

export const swap = (
  id: string,
  version: number,
  seat: number,
  person_id: string,
): Promise<AppointmentWhole> =>
  body(
    api.POST('/api/appointments/{id}/swap', {
      params: { path: { id } },
      body: { version, seat, person_id },
    }),
  ).then(forget)
