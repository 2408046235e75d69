/** Questions and steps of a report. */
import { queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { DraftIn, ReportOut, VersionOut } from '../shared/schema'

export function reportQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.reports, id],
    queryFn: () => body(api.GET('/api/requests/{id}/report', { params: { path: { id } } })),
  })
}

/** Saves the text and keeps it where an editor opened later begins from. */
export async function saveDraft(id: string, draft: DraftIn): Promise<VersionOut> {
  const after = await body(
    api.PUT('/api/requests/{id}/report/draft', { params: { path: { id } }, body: draft }),
  )
  queryClient.setQueryData(reportQuery(id).queryKey, (report) =>
    report === undefined
      ? report
      : {
          ...report,
          versions: report.versions.map((each) => (each.id === after.id ? after : each)),
        },
  )
  return after
}

/** Forgets a report that another window has been writing: the next look asks the server. */
export function forgetReport(id: string): void {
  queryClient.removeQueries({ queryKey: reportQuery(id).queryKey })
}

/** After a signature or a new version every list that shows the case is asked again. */
function rememberReport(id: string, after: ReportOut): ReportOut {
  queryClient.setQueryData(reportQuery(id).queryKey, after)
  for (const key of [KEYS.requests, KEYS.worklist])
    void queryClient.invalidateQueries({ queryKey: [key] })
  return after
}

export type Signing = 'sign' | 'verify'

export async function signReport(
  id: string,
  how: Signing,
  revision: number,
  password: string,
  without = '',
): Promise<ReportOut> {
  const params = { path: { id } }
  const after = await body(
    how === 'sign'
      ? api.POST('/api/requests/{id}/report/sign', {
          params,
          body: { revision, password, without },
        })
      : api.POST('/api/requests/{id}/report/verify', { params, body: { revision, password } }),
  )
  return rememberReport(id, after)
}

export async function sendBack(id: string, note: string): Promise<ReportOut> {
  const after = await body(
    api.POST('/api/requests/{id}/report/send-back', { params: { path: { id } }, body: { note } }),
  )
  return rememberReport(id, after)
}

export async function reviseReport(
  id: string,
  kind: 'addendum' | 'amendment',
  reason: string,
): Promise<ReportOut> {
  const after = await body(
    api.POST('/api/requests/{id}/report/revise', {
      params: { path: { id } },
      body: { kind, reason },
    }),
  )
  return rememberReport(id, after)
}

export async function discardRevision(id: string): Promise<ReportOut> {
  const after = await body(
    api.POST('/api/requests/{id}/report/discard-revision', { params: { path: { id } } }),
  )
  return rememberReport(id, after)
}

export function pdfAddress(id: string): string {
  return `/api/requests/${encodeURIComponent(id)}/report.pdf`
}
