/** Questions and steps of in-house approvals. */
import { queryOptions } from '@tanstack/react-query'
import { caseQuery } from '../requests/api'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { ApprovalOut, CaseApprovals, RequestOut } from '../shared/schema'

export const tasksQuery = queryOptions({
  queryKey: [KEYS.approvals, 'tasks'],
  queryFn: () => body(api.GET('/api/approvals')),
})

const at = (id: string) => ({ params: { path: { id } } })

export const caseApprovalsQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.approvals, 'case', id],
    queryFn: () => body(api.GET('/api/requests/{id}/approvals', at(id))),
  })

function remember<T>(after: T): T {
  for (const key of [KEYS.approvals, KEYS.requests, KEYS.todo])
    void queryClient.invalidateQueries({ queryKey: [key] })
  return after
}

export const approve = (one: ApprovalOut, note: string): Promise<CaseApprovals> =>
  body(
    api.POST('/api/approvals/{id}/approve', {
      ...at(one.id),
      body: { version: one.version, note },
    }),
  ).then(remember)

export const reject = (one: ApprovalOut, reason: string, note: string): Promise<CaseApprovals> =>
  body(
    api.POST('/api/approvals/{id}/reject', {
      ...at(one.id),
      body: { version: one.version, reason, note },
    }),
  ).then(remember)

/** Sends a draft; with `bypass` before the approval that is owed then. */
export async function submit(id: string, bypass: boolean): Promise<RequestOut> {
  const after = await body(
    api.POST('/api/requests/{id}/submit', { ...at(id), body: { note: '', bypass } }),
  )
  queryClient.setQueryData(caseQuery(id).queryKey, after)
  return remember(after)
}

export const recall = (id: string): Promise<RequestOut> =>
  body(api.POST('/api/requests/{id}/recall', at(id))).then(remember)
