/** Questions and steps of a guided operation. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { GuidanceOut } from '../shared/schema'

export function guidanceQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'guidance', id],
    queryFn: () => body(api.GET('/api/requests/{id}/guidance', { params: { path: { id } } })),
  })
}

export type Step =
  | { step: 'acknowledge'; version: string }
  | { step: 'enter'; kind: string; text: string; corrects?: string }
  | { step: 'mark'; entry: string; taken: boolean; note: string }
  | { step: 'outcome'; content: Record<string, unknown> }

export function useGuidanceStep(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (wanted: Step) => take(id, wanted),
    onSuccess: (after) => client.setQueryData(guidanceQuery(id).queryKey, after),
  })
}

function take(id: string, wanted: Step): Promise<GuidanceOut> {
  const path = { id }
  switch (wanted.step) {
    case 'acknowledge':
      return body(
        api.POST('/api/requests/{id}/guidance/acknowledge', {
          params: { path },
          body: { version: wanted.version },
        }),
      )
    case 'enter':
      return body(
        api.POST('/api/requests/{id}/guidance/entries', {
          params: { path },
          body: { kind: wanted.kind, text: wanted.text, corrects: wanted.corrects ?? null },
        }),
      )
    case 'mark':
      return body(
        api.POST('/api/requests/{id}/guidance/entries/{entry}/mark', {
          params: { path: { ...path, entry: wanted.entry } },
          body: { taken: wanted.taken, note: wanted.note },
        }),
      )
    case 'outcome':
      return body(
        api.POST('/api/requests/{id}/guidance/outcome', {
          params: { path },
          body: { content: wanted.content },
        }),
      )
  }
}
