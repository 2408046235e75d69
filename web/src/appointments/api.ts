/** Appointments of one's institution: what is booked, looking for a time, and each step. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { HOUR } from '../roster/days'
import { api, body } from '../shared/api'
import { serverNow } from '../shared/now'
import { KEYS, queryClient } from '../shared/queries'
import type {
  AppointmentWhole,
  LaterOut,
  SlotOut,
  SlotSearchIn,
  SlotsOut,
  TimeHoldIn,
} from '../shared/schema'

export interface Stretch {
  since: string
  until: string
}

export const appointmentsQuery = (query: Stretch) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'list', query.since, query.until],
    queryFn: () => body(api.GET('/api/appointments', { params: { query } })),
    placeholderData: keepPreviousData,
  })

export const appointmentQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'one', id],
    queryFn: () => body(api.GET('/api/appointments/{id}', { params: { path: { id } } })),
    // A step that waits for its time is offered once that has come.
    refetchInterval: ({ state }) => untilLater(state.data?.later ?? []),
  })

function untilLater(later: readonly LaterOut[]): number | false {
  if (later.length === 0) return false
  const wait = Math.min(...later.map((each) => Date.parse(each.at))) - serverNow()
  return Math.min(HOUR, Math.max(1000, wait + 500))
}

export const bookableQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'bookable', id],
    queryFn: () =>
      body(api.GET('/api/availability/institutions/{id}', { params: { path: { id } } })),
    enabled: id !== '',
  })

export const outlookQuery = (day: string) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'outlook', day],
    queryFn: () => body(api.GET('/api/forecast', { params: { query: { day } } })),
    placeholderData: keepPreviousData,
  })

export const providersQuery = (service: string) =>
  queryOptions({
    queryKey: [KEYS.network, 'destinations', service],
    queryFn: () => body(api.GET('/api/destinations', { params: { query: { service } } })),
    enabled: service !== '',
  })

export const findSlots = (search: SlotSearchIn): Promise<SlotsOut> =>
  body(api.POST('/api/availability/slots', { body: search }))

/** What is known of appointments is asked for again. */
export function forget<T>(done: T): T {
  void queryClient.invalidateQueries({ queryKey: [KEYS.appointments] })
  return done
}

/** Hold a slot that was found and propose it: two steps, so that nobody takes it in between. */
export async function book(
  slot: SlotOut,
  given: Pick<TimeHoldIn, 'service' | 'provider_id' | 'minutes' | 'urgent'> &
    Partial<Pick<TimeHoldIn, 'request_id' | 'requester_id'>>,
): Promise<AppointmentWhole> {
  const seats = slot.sitting.map((one) => ({
    role: one.role,
    person_id: one.person,
    instead_of: one.instead_of,
  }))
  const resources = slot.resources.map((resource_id) => ({ resource_id, units: 1 }))
  const times = { since: slot.since, before: 0, after: 0 }
  const held = await body(
    api.POST('/api/appointments', { body: { ...given, ...times, seats, resources } }),
  )
  return propose(held.id, held.version)
}

const at = (id: string) => ({ params: { path: { id } } })

export const propose = (id: string, version: number): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/propose', { ...at(id), body: { version } })).then(forget)

export const confirm = (id: string, version: number): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/confirm', { ...at(id), body: { version } })).then(forget)

export const begin = (id: string, version: number): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/begin', { ...at(id), body: { version } })).then(forget)

export const end = (id: string, version: number): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/end', { ...at(id), body: { version } })).then(forget)

export const accept = (id: string): Promise<AppointmentWhole> =>
  body(
    api.POST('/api/appointments/{id}/answer', { ...at(id), body: { accepts: true, note: '' } }),
  ).then(forget)

export interface Because {
  reason: string
  note: string
}

export const decline = (id: string, why: Because): Promise<AppointmentWhole> =>
  body(
    api.POST('/api/appointments/{id}/answer', { ...at(id), body: { accepts: false, ...why } }),
  ).then(forget)

export const cancel = (id: string, version: number, why: Because): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/cancel', { ...at(id), body: { version, ...why } })).then(
    forget,
  )

export const miss = (id: string, version: number, why: Because): Promise<AppointmentWhole> =>
  body(api.POST('/api/appointments/{id}/miss', { ...at(id), body: { version, ...why } })).then(
    forget,
  )

export const reschedule = (
  id: string,
  version: number,
  why: Because,
  since: string,
): Promise<AppointmentWhole> =>
  body(
    api.POST('/api/appointments/{id}/reschedule', {
      ...at(id),
      body: { version, ...why, since },
    }),
  ).then(forget)
