/** The minutes of an appointment: asked, written, closed, signed. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../../shared/api'
import { toProblem } from '../../shared/problem'
import { KEYS, queryClient } from '../../shared/queries'
import type { ConsentIn, HeadIn, MinutesOut, SignMinutesIn } from '../../shared/schema'
import type { Answer, Flying, Io } from './notes'

const at = (id: string) => ({ params: { path: { id } } })

export const minutesQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.minutes, 'one', id],
    queryFn: () => body(api.GET('/api/appointments/{id}/minutes', at(id))),
  })

export const toSignQuery = queryOptions({
  queryKey: [KEYS.minutes, 'to-sign'],
  queryFn: () => body(api.GET('/api/minutes/to-sign')),
})

function keep(id: string): (found: MinutesOut) => MinutesOut {
  return (found) => {
    queryClient.setQueryData(minutesQuery(id).queryKey, found)
    void queryClient.invalidateQueries({ queryKey: toSignQuery.queryKey })
    return found
  }
}

export const setHead = (id: string, given: HeadIn) =>
  body(api.PUT('/api/appointments/{id}/minutes/head', { ...at(id), body: given })).then(keep(id))

export const closeText = (id: string, version: number, head: number) =>
  body(
    api.POST('/api/appointments/{id}/minutes/close', { ...at(id), body: { version, head } }),
  ).then(keep(id))

export const reopenText = (id: string, round: number, reason: string) =>
  body(
    api.POST('/api/appointments/{id}/minutes/reopen', { ...at(id), body: { round, reason } }),
  ).then(keep(id))

export const signText = (id: string, given: SignMinutesIn) =>
  body(api.POST('/api/appointments/{id}/minutes/sign', { ...at(id), body: given })).then(keep(id))

export const enterConsent = (id: string, given: ConsentIn) =>
  body(api.POST('/api/appointments/{id}/minutes/consents', { ...at(id), body: given })).then(
    keep(id),
  )

/** How a page's notes reach the server. */
export function ioOf(id: string): Io {
  return {
    send: ({ section, base, change, key }: Flying): Promise<Answer> =>
      body(
        api.POST('/api/appointments/{id}/minutes/changes', {
          ...at(id),
          body: { section, base, change: [...change], key },
        }),
      ),
    fetch: (after) =>
      body(
        api.GET('/api/appointments/{id}/minutes/changes', {
          params: { path: { id }, query: { after } },
        }),
      ),
    passing: (error) => {
      const { status } = toProblem(error)
      return status === 0 || status === 401 || status === 429 || status >= 500
    },
    unnamed: (error) => toProblem(error).code === 'names-patient',
    behind: (error) => toProblem(error).code === 'stale',
    key: () => crypto.randomUUID(),
  }
}
