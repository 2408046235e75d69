/** Who is connected and who shows which case; fetched with our own rights when it changes. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { PresenceOut } from '../shared/schema'

const POLITE_MS = 2_000

const presenceQuery = queryOptions({
  queryKey: [KEYS.presence],
  queryFn: ({ signal }) => body(api.GET('/api/presence', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

let asking: ReturnType<typeof setTimeout> | undefined

/** Something changed: ask again soon, once for many changes, and only while a page shows it. */
export function tellPresence(): void {
  if (asking !== undefined) return
  const wait = POLITE_MS * (0.5 + Math.random())
  asking = setTimeout(() => {
    asking = undefined
    void queryClient.invalidateQueries({ queryKey: [KEYS.presence] })
  }, wait)
}

/** What is known of presence, undefined before the first answer. */
export function usePresent(): PresenceOut | undefined {
  return useQuery(presenceQuery).data
}

/** Whether a colleague is connected at any account of theirs; null when nobody knows. */
export function isOnline(present: PresenceOut | undefined, personId: string): boolean | null {
  if (present === undefined) return null
  if (present.people.some((one) => one.person_id === personId)) return true
  return present.whole ? false : null
}
