/**
 * Who is signed in. The question is asked once; a later "not signed in" does not throw the page
 * away but opens the sign-in above it, so the place and unsaved text stay.
 */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import { live } from '../live/live'
import { api, body, onSignedOut, setCsrf } from '../shared/api'
import { ProblemError } from '../shared/problem'
import { KEYS } from '../shared/queries'
import type { Hello, Me } from '../shared/schema'

let ended = false
const listeners = new Set<() => void>()

function setEnded(next: boolean): void {
  ended = next
  for (const listener of listeners) listener()
}

onSignedOut(() => setEnded(true))

/** Whether the session ended while a page was open. */
export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => ended,
  )
}

/** Me, or null when nobody is signed in. */
export function useSession() {
  return useQuery({
    queryKey: [KEYS.session],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<Me | null> => {
      try {
        return remember(await body(api.GET('/api/session')))
      } catch (error) {
        if (error instanceof ProblemError && error.status === 401) return null
        throw error
      }
    },
  })
}

export function useHello() {
  return useQuery({
    queryKey: ['hello'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: (): Promise<Hello> => body(api.GET('/api/hello')),
  })
}

export function useSignIn() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (given: { username: string; password: string }) =>
      body(api.POST('/api/session', { body: given })),
    onSuccess: (me) => {
      const before = cache.getQueryData<Me | null>([KEYS.session])
      // Another person at the same screen must not see what the last one had fetched.
      if (before && before.account_id !== me.account_id) cache.clear()
      cache.setQueryData([KEYS.session], remember(me))
      setEnded(false)
      // What was refused while nobody was signed in is asked again.
      void cache.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
    },
  })
}

/** Signs out and forgets everything that was fetched. */
export function useSignOut() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: () => body(api.DELETE('/api/session')),
    onSettled: () => {
      setCsrf('')
      cache.clear()
      cache.setQueryData([KEYS.session], null)
      setEnded(false)
    },
  })
}

function remember(me: Me): Me {
  setCsrf(me.csrf)
  live.from(me.seq)
  return me
}

export const MeContext = createContext<Me | null>(null)

/** The signed-in person; pages are only ever shown inside a session. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (me === null) throw new Error('a page was shown outside a session')
  return me
}

export function useMay(permission: string): boolean {
  return useMe().permissions.includes(permission)
}
