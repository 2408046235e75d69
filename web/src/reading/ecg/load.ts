/** Fetches a recording over DICOMweb: the series of the study, its metadata, its samples. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../../shared/api'
import { readProblem } from '../../shared/problem'
import type { StudyOut } from '../../shared/schema'
import {
  type Dataset,
  decode,
  fromBase64,
  mainGroup,
  type Recording,
  samplesOf,
  UnreadableEcg,
} from './waveform'

export function recordingQuery(study: Pick<StudyOut, 'id' | 'study_uid'>) {
  return queryOptions({
    queryKey: ['ecg', study.id],
    staleTime: Number.POSITIVE_INFINITY,
    retry: (count, error) => !(error instanceof UnreadableEcg) && count < 2,
    queryFn: () => load(study),
  })
}

async function load(study: Pick<StudyOut, 'id' | 'study_uid'>): Promise<Recording> {
  const detail = await body(api.GET('/api/studies/{id}', { params: { path: { id: study.id } } }))
  const series = detail.series.find((each) => each.modality === 'ECG') ?? detail.series[0]
  if (series === undefined) throw new UnreadableEcg('no series')
  const base = `/dicom-web/studies/${study.study_uid}/series/${series.series_uid}`
  const metadata = await get(`${base}/metadata`, 'application/dicom+json')
  const [instance] = (await metadata.json()) as Dataset[]
  if (instance === undefined) throw new UnreadableEcg('no instance')
  const group = mainGroup(instance)
  const place = samplesOf(group)
  if ('inline' in place) return decode(group, fromBase64(place.inline))
  const samples = await get(bulkAddress(place.address, study.study_uid), 'application/octet-stream')
  return decode(group, await samples.arrayBuffer())
}

async function get(address: string, accept: string): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, credentials: 'same-origin' })
  if (!answer.ok) throw await readProblem(answer)
  return answer
}

/** Bulk addresses come absolute, from the root, or relative to the study (as OHIF reads them). */
function bulkAddress(address: string, studyUid: string): string {
  if (/^https?:/.test(address)) return new URL(address).pathname
  return address.startsWith('/')
    ? address
    : `/dicom-web/studies/${studyUid}/${address.replace(/^(\.\.\/)+/, '')}`
}
