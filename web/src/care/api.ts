/** Questions and deeds of image care. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { HideIn, ResolveIn } from '../shared/schema'

export type ConflictState = 'open' | 'resolved' | 'all'
export type ConflictReason = '' | 'other-content' | 'other-patient'

export interface ConflictFilter {
  state: ConflictState
  reason: ConflictReason
  q: string
}

export function conflictsQuery(filter: ConflictFilter) {
  return queryOptions({
    queryKey: [KEYS.studies, 'conflicts', filter],
    queryFn: () => body(api.GET('/api/conflicts', { params: { query: filter } })),
  })
}

export function conflictQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'conflict', id],
    queryFn: () => body(api.GET('/api/conflicts/{id}', { params: { path: { id } } })),
  })
}

export function removalsQuery(state: '' | 'out') {
  return queryOptions({
    queryKey: [KEYS.studies, 'removals', state],
    queryFn: () => body(api.GET('/api/removals', { params: { query: { state } } })),
  })
}

export const doublesQuery = queryOptions({
  queryKey: [KEYS.studies, 'doubles'],
  queryFn: () => body(api.GET('/api/patients/doubles')),
})

export const sentTwiceQuery = queryOptions({
  queryKey: [KEYS.studies, 'sent-twice'],
  queryFn: () => body(api.GET('/api/conflicts/studies')),
})

export function patientQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'patient', id],
    queryFn: () => body(api.GET('/api/patients/{id}', { params: { path: { id } } })),
  })
}

export async function resolveConflict(id: string, given: ResolveIn) {
  const path = { id }
  const done = await body(
    api.POST('/api/conflicts/{id}/resolve', { params: { path }, body: given }),
  )
  await changed()
  return done
}

export async function reopenConflict(id: string) {
  await body(api.POST('/api/conflicts/{id}/reopen', { params: { path: { id } } }))
  await changed()
}

export async function hideImages(studyId: string, given: HideIn) {
  await body(api.POST('/api/studies/{id}/hide', { params: { path: { id: studyId } }, body: given }))
  await changed()
}

export async function putBack(id: string) {
  await body(api.POST('/api/removals/{id}/restore', { params: { path: { id } } }))
  await changed()
}

export async function deleteImages(id: string) {
  await body(
    api.POST('/api/removals/{id}/delete', { params: { path: { id } }, body: { record: null } }),
  )
  await changed()
}

export async function mergePatients(id: string, into: string, reason: string) {
  await body(
    api.POST('/api/patients/{id}/merge', { params: { path: { id } }, body: { into, reason } }),
  )
  await changed()
}

export async function undoChange(id: string) {
  await body(api.POST('/api/patient-changes/{id}/undo', { params: { path: { id } } }))
  await changed()
}

async function changed() {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: [KEYS.studies] }),
    queryClient.invalidateQueries({ queryKey: [KEYS.requests] }),
  ])
}
