/** A conference as the server knows it: who is invited, members, log, how to connect. */
import { queryOptions } from '@tanstack/react-query'
import { api, body, csrfHeader, within } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { CheckedOut, ConferenceOut, FoundIn, SaidOut } from '../shared/schema'

const at = (id: string) => ({ params: { path: { id } } })

/** A connection that a cut line left behind answers nobody: it is given up, and another is made. */
const PATIENCE_MS = 5_000

export const conferenceQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.conference, id],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/appointments/{id}/conference', {
          ...at(id),
          signal: within(PATIENCE_MS, signal),
        }),
      ),
    retry: false,
  })

export const wordsQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.conference, id, 'words'],
    queryFn: () =>
      body(
        api.GET('/api/appointments/{id}/conference/words', {
          params: { path: { id }, query: { after: 0 } },
        }),
      ),
  })

/** Asks anew, past what is cached: passes for TURN servers end. */
export const freshConference = (id: string): Promise<ConferenceOut> =>
  queryClient.fetchQuery({ ...conferenceQuery(id), staleTime: 0 })

export const say = (id: string, text: string): Promise<SaidOut> =>
  body(api.POST('/api/appointments/{id}/conference/words', { ...at(id), body: { text } }))

export const keepCheck = (id: string, found: FoundIn): Promise<CheckedOut> =>
  body(api.POST('/api/appointments/{id}/conference/checks', { ...at(id), body: found }))

export const markPhone = async (id: string, person_id: string, joined: boolean): Promise<void> => {
  await api.POST('/api/appointments/{id}/conference/phone', {
    ...at(id),
    body: { person_id, joined },
  })
  await queryClient.invalidateQueries({ queryKey: [KEYS.conference, id] })
}

export const takeStep = async (
  id: string,
  version: number,
  step: 'begin' | 'end',
): Promise<void> => {
  if (step === 'begin')
    await api.POST('/api/appointments/{id}/begin', { ...at(id), body: { version } })
  else await api.POST('/api/appointments/{id}/end', { ...at(id), body: { version } })
  await queryClient.invalidateQueries({ queryKey: [KEYS.conference, id] })
}

/** Milliseconds for so many bytes from the server, and to it. */
export async function timeDown(bytes: number): Promise<number> {
  const began = performance.now()
  const answer = await fetch(`/api/line-test?bytes=${bytes}`, { cache: 'no-store' })
  if (!answer.ok) throw new Error(`line test: ${answer.status}`)
  await answer.arrayBuffer()
  return performance.now() - began
}

export async function timeUp(bytes: number): Promise<number> {
  const data = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)))
  const blob = new Blob(Array.from({ length: Math.ceil(bytes / data.length) }, () => data))
  const began = performance.now()
  const answer = await fetch('/api/line-test', {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', ...csrfHeader() },
    body: blob,
  })
  if (!answer.ok) throw new Error(`line test: ${answer.status}`)
  return performance.now() - began
}
