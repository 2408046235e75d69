/** Questions and steps of experts' opinions. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type {
  AskIn,
  CaseOpinions,
  NoLongerIn,
  OpinionContentIn,
  OpinionOut,
  ReplaceIn,
} from '../shared/schema'

export const caseOpinionsQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.opinions, 'case', id],
    queryFn: () => body(api.GET('/api/requests/{id}/opinions', at(id))),
  })

export const invitationsQuery = queryOptions({
  queryKey: [KEYS.opinions, 'mine'],
  queryFn: () => body(api.GET('/api/opinions')),
})

export const askableQuery = (id: string, institution: string | undefined, q: string) =>
  queryOptions({
    queryKey: [KEYS.opinions, 'askable', id, institution ?? '', q],
    queryFn: () =>
      body(
        api.GET('/api/requests/{id}/experts', {
          params: { path: { id }, query: { q, ...(institution ? { institution } : {}) } },
        }),
      ),
  })

const at = (id: string) => ({ params: { path: { id } } })

function remember<T>(after: T): T {
  for (const key of [KEYS.opinions, KEYS.requests, KEYS.worklist])
    void queryClient.invalidateQueries({ queryKey: [key] })
  return after
}

export const ask = (id: string, given: AskIn): Promise<CaseOpinions> =>
  body(api.POST('/api/requests/{id}/opinions', { ...at(id), body: given })).then(remember)

export const accept = (id: string): Promise<OpinionOut> =>
  body(api.POST('/api/opinions/{id}/accept', at(id))).then(remember)

export const decline = (id: string, why: NoLongerIn): Promise<OpinionOut> =>
  body(api.POST('/api/opinions/{id}/decline', { ...at(id), body: why })).then(remember)

export const withdraw = (id: string, why: NoLongerIn): Promise<CaseOpinions> =>
  body(api.POST('/api/opinions/{id}/withdraw', { ...at(id), body: why })).then(remember)

export const replace = (id: string, given: ReplaceIn): Promise<CaseOpinions> =>
  body(api.POST('/api/opinions/{id}/replace', { ...at(id), body: given })).then(remember)

/** Saves a draft; the lists need not hear of every pause in the typing. */
export const saveOpinion = (
  id: string,
  version: number,
  content: OpinionContentIn,
): Promise<OpinionOut> =>
  body(api.PUT('/api/opinions/{id}/draft', { ...at(id), body: { version, content } }))

export const signOpinion = (id: string, version: number, password: string): Promise<OpinionOut> =>
  body(api.POST('/api/opinions/{id}/sign', { ...at(id), body: { version, password } })).then(
    remember,
  )
