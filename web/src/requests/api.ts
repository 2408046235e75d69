/** Questions and steps of a request, on either side of it. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { ProblemError } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type {
  CatalogueOut,
  Consent,
  RequestOut,
  RequestPatch,
  ServiceTypeOut,
  StepIn,
} from '../shared/schema'
import { pick } from '../shared/words'

export const todoQuery = queryOptions({
  queryKey: [KEYS.todo],
  queryFn: () => body(api.GET('/api/todo')),
})

export const catalogueQuery = queryOptions({
  queryKey: [KEYS.catalogue],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => body(api.GET('/api/catalogue')),
})

export interface ListFilter {
  view: 'all' | 'active' | 'done'
  /** Only what one's own institution asks; a hospital may be asked by others too. */
  side?: 'asking'
  state?: string
  service?: string
  q?: string
  /** Days of the draft, YYYY-MM-DD, both included. */
  from?: string
  to?: string
}

export function listQuery(filter: ListFilter) {
  return infiniteQueryOptions({
    queryKey: [KEYS.requests, 'list', filter],
    initialPageParam: 0,
    queryFn: ({ pageParam }) =>
      body(api.GET('/api/requests', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => (page.next === null ? undefined : Number(page.next)),
  })
}

export function caseQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'one', id],
    queryFn: () => body(api.GET('/api/requests/{id}', { params: { path: { id } } })),
  })
}

export function factsQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'facts', id],
    queryFn: () => body(api.GET('/api/requests/{id}/facts', { params: { path: { id } } })),
  })
}

export function destinationsQuery(service: string, request: string) {
  return queryOptions({
    queryKey: [KEYS.network, 'destinations', service, request],
    queryFn: () => body(api.GET('/api/destinations', { params: { query: { service, request } } })),
  })
}

export function useCatalogue(): CatalogueOut | undefined {
  return useQuery(catalogueQuery).data
}

export function useService(code: string | undefined): ServiceTypeOut | undefined {
  return useCatalogue()?.services.find((service) => service.code === code)
}

/** What people who meet for a service call that; "" until the catalogue is there. */
export function useMeeting(code: string | undefined): string {
  const service = useService(code)
  return service ? pick(service.meeting_label) : ''
}

/** Puts a case as the server just gave it where every page looks for it. */
export function rememberCase(after: RequestOut): RequestOut {
  queryClient.setQueryData(caseQuery(after.id).queryKey, after)
  for (const key of [KEYS.todo, KEYS.worklist])
    void queryClient.invalidateQueries({ queryKey: [key] })
  void queryClient.invalidateQueries({ queryKey: [KEYS.requests, 'list'] })
  void queryClient.invalidateQueries({ queryKey: [KEYS.requests, 'facts', after.id] })
  // A claim or a take-over hands somebody the pen: the report is theirs to write from now on.
  void queryClient.invalidateQueries({ queryKey: [KEYS.reports, after.id] })
  return after
}

export function createRequest(service: string): Promise<RequestOut> {
  return body(api.POST('/api/requests', { body: { service } })).then(rememberCase)
}

/** A draft that comes from a case; the one that was begun before, if it was not sent. */
export function continueCase(id: string, service: string): Promise<RequestOut> {
  const params = { path: { id } }
  return body(api.POST('/api/requests/{id}/continue', { params, body: { service } })).then(
    rememberCase,
  )
}

/** Saves a draft. The lists are told by the live line, not by every pause in the typing. */
export async function saveRequest(id: string, patch: RequestPatch): Promise<RequestOut> {
  const after = await body(
    api.PATCH('/api/requests/{id}', { params: { path: { id } }, body: patch }),
  )
  queryClient.setQueryData(caseQuery(id).queryKey, after)
  return after
}

export type Step = 'resubmit' | 'discard' | 'withdraw' | 'return' | 'release' | 'takeover'
/** Steps after which the case is out of the caller's sight. */
export type LeavingStep = 'decline' | 'redirect'

export function takeStep(id: string, step: Step, given: StepIn = {}): Promise<RequestOut> {
  const params = { path: { id } }
  return body(api.POST(`/api/requests/{id}/${step}`, { params, body: given })).then(rememberCase)
}

export async function takeLeavingStep(id: string, step: LeavingStep, given: StepIn): Promise<void> {
  await body(api.POST(`/api/requests/{id}/${step}`, { params: { path: { id } }, body: given }))
  queryClient.removeQueries({ queryKey: caseQuery(id).queryKey })
  void queryClient.invalidateQueries({ queryKey: [KEYS.worklist] })
}

/** `asGuide`: whoever is listed to watch an operation means to guide it. */
export function claim(id: string, asGuide = false): Promise<RequestOut> {
  const params = { path: { id }, query: { as_guide: asGuide } }
  return body(api.POST('/api/requests/{id}/claim', { params })).then(rememberCase)
}

/** Whether a claim was refused because the form lists one to watch: the case's page asks. */
export const isListedToWatch = (error: Error): boolean =>
  error instanceof ProblemError && error.code === 'listed-to-watch'

export function signedImagesQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'signed-images', id],
    queryFn: () => body(api.GET('/api/requests/{id}/signed-images', { params: { path: { id } } })),
  })
}

export function checkImages(id: string, note: string): Promise<RequestOut> {
  const path = { id }
  return body(
    api.POST('/api/requests/{id}/report/checked', { params: { path }, body: { note } }),
  ).then(rememberCase)
}

/** To whom the asked institution's rule would let a case go on, if the requester agrees. */
export function passOnQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'pass-on', id],
    queryFn: () => body(api.GET('/api/requests/{id}/pass-on', { params: { path: { id } } })),
  })
}

export function usePassOn(id: string) {
  return useMutation({
    mutationFn: (given: { provider_id: string; consent: Consent }) =>
      body(api.POST('/api/requests/{id}/pass-on', { params: { path: { id } }, body: given })),
    onSuccess: (after) => {
      rememberCase(after)
      void queryClient.invalidateQueries({ queryKey: passOnQuery(id).queryKey })
    },
  })
}

export function useConfirm(id: string) {
  return useMutation({
    mutationFn: (given: {
      adoption: 'adopted' | 'partly' | 'not_adopted'
      final_diagnosis: string
      final_diagnosis_code: string
      reason: string | null
      note: string
    }) => body(api.POST('/api/requests/{id}/confirm', { params: { path: { id } }, body: given })),
    onSuccess: rememberCase,
  })
}

export function useActOn() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, notice, ...acted }: ActedOn) =>
      body(
        api.POST('/api/requests/{id}/critical/{notice_id}/acted-on', {
          params: { path: { id, notice_id: notice } },
          body: acted,
        }),
      ),
    onSuccess: (after) => {
      rememberCase(after)
      void cache.invalidateQueries({ queryKey: [KEYS.todo] })
    },
  })
}

interface ActedOn {
  id: string
  notice: string
  code: string
  note: string
  at: string
}

export function useAcknowledge() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, notice, action }: { id: string; notice: string; action: string }) =>
      body(
        api.POST('/api/requests/{id}/critical/{notice_id}/acknowledge', {
          params: { path: { id, notice_id: notice } },
          body: { action },
        }),
      ),
    onSuccess: (after) => {
      rememberCase(after)
      void cache.invalidateQueries({ queryKey: [KEYS.todo] })
    },
  })
}
