/** Questions about the monthly tally, and what of the page is kept in its address. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { readProblem } from '../shared/problem'
import { KEYS } from '../shared/queries'
import type { TallyOut } from '../shared/schema'

export const DIMENSIONS = ['institution', 'county', 'city', 'alliance', 'service'] as const
export type By = (typeof DIMENSIONS)[number]
export const SIDES = ['requester', 'provider'] as const
export type Side = (typeof SIDES)[number]

export const URGENCIES = ['stat', 'urgent', 'routine'] as const
export type Urgency = (typeof URGENCIES)[number]

/** One table: a month, by a dimension, of one side; of one urgency or, where null, of all. */
export interface Asked {
  month: string
  by: By
  side: Side
  urgency: Urgency | null
}

const COUNTING_AGAIN = 3_000

export function tallyQuery(asked: Asked) {
  return queryOptions({
    queryKey: [KEYS.tally, 'month', asked],
    placeholderData: keepPreviousData,
    queryFn: () => body(api.GET('/api/tally', { params: { query: asked } })),
    refetchInterval: ({ state }) =>
      state.data !== undefined && behind(state.data) > 0 ? COUNTING_AGAIN : false,
  })
}

/** How many facts of the log are not in the numbers yet. */
export function behind(tally: Pick<TallyOut, 'as_of_seq' | 'log_seq'>): number {
  return Math.max(0, tally.log_seq - tally.as_of_seq)
}

export function trendQuery({ month, ...asked }: Asked, key: string, indicator: string) {
  const query = { until: month, ...asked, key, indicator, months: 13 }
  return queryOptions({
    queryKey: [KEYS.tally, 'trend', query],
    placeholderData: keepPreviousData,
    queryFn: () => body(api.GET('/api/tally/trend', { params: { query } })),
  })
}

/** What boards are made of, widest first. */
const LISTS = ['city', 'county', 'institution'] as const
export type ListOf = (typeof LISTS)[number]
const LONGEST: Record<ListOf, number> = { city: 2, county: 4, institution: 6 }

/** The lists with more than one place in a supervisor's region; a hospital has none. */
export function listsFor(region: string | null): ListOf[] {
  return region === null ? [] : LISTS.filter((by) => region.length <= LONGEST[by])
}

export function boardQuery(
  { month, by, side }: Asked & { by: ListOf },
  { indicator, area }: { indicator: string | null; area: string | null },
) {
  const query = { month, by, side, ...(indicator && { indicator }), ...(area && { area }) }
  return queryOptions({
    queryKey: [KEYS.tally, 'boards', query],
    placeholderData: keepPreviousData,
    queryFn: () => body(api.GET('/api/tally/boards', { params: { query } })),
  })
}

export function casesQuery(asked: Asked, key: string, indicator: string) {
  const query = { ...asked, key, indicator }
  return infiniteQueryOptions({
    queryKey: [KEYS.tally, 'cases', query],
    initialPageParam: '0.0',
    queryFn: ({ pageParam }) =>
      body(api.GET('/api/tally/cases', { params: { query: { ...query, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function factQuery(seq: number) {
  return queryOptions({
    queryKey: [KEYS.tally, 'fact', seq],
    queryFn: () =>
      body(api.GET('/api/tally/facts/{id}', { params: { path: { id: String(seq) } } })),
  })
}

export type Format = 'xlsx' | 'csv' | 'entries' | 'cases'

/** Fetches the month as a file and hands it to the browser; throws the server's problem. */
export async function download(asked: Asked, format: Format): Promise<void> {
  const { urgency, ...rest } = asked
  const query = new URLSearchParams({ ...rest, ...(urgency && { urgency }), format })
  const response = await fetch(`/api/tally/export?${query}`, { credentials: 'same-origin' })
  if (!response.ok) throw await readProblem(response)
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  const address = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = address
  link.download = name ?? `telemed-${asked.month}.${format === 'xlsx' ? 'xlsx' : 'csv'}`
  link.click()
  URL.revokeObjectURL(address)
}
