/** Questions and deeds of image care. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, body, tellSignedOut } from '../shared/api'
import { readProblem } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type { HideIn, HoldIn, MoveIn, ResolveIn } from '../shared/schema'

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

export type HoldState = 'in-force' | 'ended' | 'all'

export function holdsQuery(state: HoldState, q: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'holds', state, q],
    queryFn: () => body(api.GET('/api/holds', { params: { query: { state, q } } })),
  })
}

export function candidatesQuery(q: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'candidates', q],
    enabled: q !== '',
    queryFn: () => body(api.GET('/api/patients/candidates', { params: { query: { q } } })),
  })
}

export function outlookQuery(studyId: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'outlook', studyId],
    queryFn: () => body(api.GET('/api/studies/{id}/move', { params: { path: { id: studyId } } })),
  })
}

/** An image of a series, as much as is needed to choose it. */
export interface ImageRef {
  uid: string
  number: string
  frames: number
  thumbnail: string
}

export const IMAGES_AT_ONCE = 48

/** A page of a series' images in the order of their numbers, and whether more follow. */
export function imagesQuery(studyUid: string, seriesUid: string) {
  const base = `/dicom-web/studies/${studyUid}/series/${seriesUid}/instances`
  return infiniteQueryOptions({
    queryKey: [KEYS.studies, 'images', studyUid, seriesUid],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }): Promise<ImageRef[]> => {
      const window = `limit=${IMAGES_AT_ONCE}&offset=${pageParam}&includefield=00280008`
      const headers = { Accept: 'application/dicom+json' }
      const answer = await fetch(`${base}?${window}`, { signal, headers })
      if (answer.status === 204) return []
      if (!answer.ok) {
        if (answer.status === 401) tellSignedOut()
        throw await readProblem(answer)
      }
      return ((await answer.json()) as Told[]).map((told) => imageOf(base, told))
    },
    getNextPageParam: (last, pages) =>
      last.length < IMAGES_AT_ONCE ? undefined : pages.length * IMAGES_AT_ONCE,
  })
}

type Told = Record<string, { Value?: unknown[] } | undefined>

function imageOf(base: string, told: Told): ImageRef {
  const first = (tag: string) => told[tag]?.Value?.[0]
  const uid = String(first('00080018') ?? '')
  return {
    uid,
    number: String(first('00200013') ?? ''),
    frames: Number(first('00280008') ?? 1),
    thumbnail: `${base}/${uid}/thumbnail?viewport=160,160`,
  }
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

/** Hides and returns what undoes it: the removal's id. */
export async function hideImages(studyId: string, given: HideIn): Promise<string> {
  const path = { id: studyId }
  const done = await body(api.POST('/api/studies/{id}/hide', { params: { path }, body: given }))
  await changed()
  return done.id
}

export async function putBack(id: string) {
  await body(api.POST('/api/removals/{id}/restore', { params: { path: { id } } }))
  await changed()
}

/** `record` is the kind of record, null where nobody can say. */
export async function deleteImages(id: string, record: string | null) {
  await body(api.POST('/api/removals/{id}/delete', { params: { path: { id } }, body: { record } }))
  await changed()
}

export async function placeHold(studyId: string, given: HoldIn) {
  const path = { id: studyId }
  await body(api.POST('/api/studies/{id}/hold', { params: { path }, body: given }))
  await changed()
}

export async function endHold(studyId: string, reason: string) {
  const path = { id: studyId }
  await body(api.POST('/api/studies/{id}/hold/end', { params: { path }, body: { reason } }))
  await changed()
}

export async function moveStudy(studyId: string, given: MoveIn): Promise<string> {
  const path = { id: studyId }
  const done = await body(api.POST('/api/studies/{id}/move', { params: { path }, body: given }))
  await changed()
  return done.id
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
