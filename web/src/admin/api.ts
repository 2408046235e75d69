/** Questions and acts of the administrators. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { AccountIn, AccountPatch, PasswordChange } from '../shared/schema'

export const PAGE = 50
const WATCHING = 5_000

export function accountsQuery(q: string, page: number) {
  const query = { q, limit: PAGE, offset: page * PAGE }
  return queryOptions({
    queryKey: [KEYS.accounts, query],
    placeholderData: keepPreviousData,
    queryFn: () => body(api.GET('/api/accounts', { params: { query } })),
  })
}

export function useCreateAccount() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (account: AccountIn) => body(api.POST('/api/accounts', { body: account })),
    onSuccess: () => cache.invalidateQueries({ queryKey: [KEYS.accounts] }),
  })
}

export function useChangeAccount() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: AccountPatch }) =>
      body(api.PATCH('/api/accounts/{id}', { params: { path: { id } }, body: change })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: [KEYS.sessions] })
      return cache.invalidateQueries({ queryKey: [KEYS.accounts] })
    },
  })
}

export const sessionsQuery = queryOptions({
  queryKey: [KEYS.sessions],
  queryFn: () => body(api.GET('/api/sessions')),
})

export function useEndSession() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      body(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: [KEYS.sessions] }),
  })
}

export const auditQuery = infiniteQueryOptions({
  queryKey: [KEYS.audit],
  initialPageParam: null as number | null,
  queryFn: ({ pageParam }) =>
    body(api.GET('/api/audit', { params: { query: { before: pageParam ?? undefined } } })),
  getNextPageParam: (page) => page.next,
})

export const systemQuery = queryOptions({
  queryKey: ['system'],
  refetchInterval: WATCHING,
  queryFn: () => body(api.GET('/api/system')),
})

export function useChangePassword() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (given: PasswordChange) => body(api.POST('/api/session/password', { body: given })),
    onSuccess: () => cache.invalidateQueries({ queryKey: [KEYS.sessions] }),
  })
}
