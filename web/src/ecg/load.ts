/**
 * Fetches recordings over DICOMweb: the metadata of a study, then the samples of one group.
 *
 * An instance never changes once stored, so samples are kept; a study may still grow, so its
 * metadata is asked again after a while.
 */
import { queryOptions } from '@tanstack/react-query'
import { tellSignedOut } from '../shared/api'
import { ProblemError, readProblem } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import { type Dataset, fromBase64 } from './dicomJson'
import { decode, type Recording, recordingsOf, type Signal, UnreadableWaveform } from './waveform'
import { PROBLEMS } from './words'

const MINUTE = 60_000

export function recordingsQuery(studyUid: string) {
  return queryOptions({
    queryKey: [KEYS.studies, 'ecg', studyUid],
    staleTime: MINUTE,
    queryFn: async ({ signal }): Promise<Recording[]> => {
      const answer = await get(
        `${studyAddress(studyUid)}metadata`,
        'application/dicom+json',
        signal,
      )
      return recordingsOf((await answer.json()) as Dataset[])
    },
  })
}

export function signalQuery(studyUid: string, recording: Recording) {
  return queryOptions({
    queryKey: [KEYS.studies, 'ecg', studyUid, recording.key],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10 * MINUTE,
    structuralSharing: false,
    queryFn: async ({ signal }): Promise<Signal> => {
      try {
        return decode(recording, await samplesOf(studyUid, recording, signal))
      } catch (error) {
        throw error instanceof UnreadableWaveform ? problemOf(error) : error
      }
    },
  })
}

/** Fetches a study's first trace before it is asked for, so the next case opens at once. */
export async function prefetchEcg(studyUid: string): Promise<void> {
  const [first] = await queryClient.fetchQuery(recordingsQuery(studyUid))
  if (first) await queryClient.prefetchQuery(signalQuery(studyUid, first))
}

async function samplesOf(
  studyUid: string,
  { data }: Recording,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  if (data === null) throw new UnreadableWaveform('no-samples', '(5400,1010)')
  if ('inline' in data) return fromBase64(data.inline)
  const address = bulkAddress(studyUid, data.uri)
  return (await get(address, 'application/octet-stream', signal)).arrayBuffer()
}

function studyAddress(studyUid: string): string {
  return `/dicom-web/studies/${encodeURIComponent(studyUid)}/`
}

/** A BulkDataURI may be absolute, from the root, or relative to the study. */
export function bulkAddress(studyUid: string, uri: string, origin = location.origin): string {
  return new URL(uri, new URL(studyAddress(studyUid), origin)).href
}

async function get(address: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, {
    headers: { Accept: accept },
    credentials: 'same-origin',
    signal,
  })
  if (answer.ok) return answer
  const problem = await readProblem(answer)
  if (problem.code === 'not-signed-in') tellSignedOut()
  throw problem
}

/** A recording that cannot be drawn to scale, told like every other problem. */
function problemOf({ why, message }: UnreadableWaveform): ProblemError {
  const [zh, en] = PROBLEMS[why]
  return new ProblemError(422, { code: `ecg-${why}`, zh, en, facts: { detail: message } })
}
