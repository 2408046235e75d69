/** The roster of one's institution: a week of it, and what is done to it. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { AddIn, RosterDone, ShiftIn } from '../shared/schema'

/** The week of a day (YYYY-MM-DD). */
export const weekQuery = (week: string) =>
  queryOptions({
    queryKey: [KEYS.roster, week],
    queryFn: () => body(api.GET('/api/roster', { params: { query: { week } } })),
    placeholderData: keepPreviousData,
  })

function forget(done: RosterDone): RosterDone {
  void queryClient.invalidateQueries({ queryKey: [KEYS.roster] })
  return done
}

export const addShifts = (given: AddIn): Promise<RosterDone> =>
  body(api.POST('/api/roster', { body: given })).then(forget)

export const changeShift = (id: string, given: ShiftIn): Promise<RosterDone> =>
  body(api.PUT('/api/roster/{id}', { params: { path: { id } }, body: given })).then(forget)

export const cancelShifts = (ids: string[]): Promise<RosterDone> =>
  body(api.POST('/api/roster/cancel', { body: { ids } })).then(forget)

export const copyWeek = (source: string, target: string): Promise<RosterDone> =>
  body(api.POST('/api/roster/copy', { body: { source, target, calendar: true } })).then(forget)

export const importTable = (text: string): Promise<RosterDone> =>
  body(api.POST('/api/roster/import', { body: { text } })).then(forget)

/** Undo: what was made goes, what was taken off comes back. */
export function takeBack(done: RosterDone): Promise<RosterDone> {
  if (done.canceled.length === 0) return cancelShifts(done.made)
  const given = { ids: done.canceled, instead_of: done.made }
  return body(api.POST('/api/roster/restore', { body: given })).then(forget)
}
