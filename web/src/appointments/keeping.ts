/** Calendars of one's own institution: hours, leave, rooms and devices. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { ExceptionIn, ExceptionMade, ResourceIn, WeeklyIn } from '../shared/schema'
import type { Stretch } from './api'

export const calendarQuery = (id: string, query: Stretch) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'calendar', id, query.since, query.until],
    queryFn: () => body(api.GET('/api/calendars/people/{id}', { params: { path: { id }, query } })),
    enabled: id !== '',
  })

export const resourcesQuery = queryOptions({
  queryKey: [KEYS.appointments, 'resources'],
  queryFn: () => body(api.GET('/api/resources')),
})

function forget<T>(done: T): T {
  void queryClient.invalidateQueries({ queryKey: [KEYS.appointments] })
  return done
}

const at = (id: string) => ({ params: { path: { id } } })

export const setHours = (id: string, rows: WeeklyIn[]): Promise<unknown> =>
  body(api.PUT('/api/calendars/people/{id}/hours', { ...at(id), body: { rows } })).then(forget)

export const addException = (id: string, given: ExceptionIn): Promise<ExceptionMade> =>
  body(api.POST('/api/calendars/people/{id}/exceptions', { ...at(id), body: given })).then(forget)

export const cancelException = (id: string): Promise<unknown> =>
  body(api.POST('/api/calendar-exceptions/{id}/cancel', at(id))).then(forget)

export const addResource = (given: ResourceIn): Promise<unknown> =>
  body(api.POST('/api/resources', { body: given })).then(forget)

export const changeResource = (id: string, version: number, given: ResourceIn): Promise<unknown> =>
  body(api.PUT('/api/resources/{id}', { ...at(id), body: { ...given, version } })).then(forget)
