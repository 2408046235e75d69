/** The reader's queue: its lists, saved filters, settings, and who holds what. */
import { infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { rememberCase } from '../requests/api'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type {
  Conditions,
  DeskSettings,
  FilterIn,
  FilterOut,
  PlaceIn,
  RequestOut,
} from '../shared/schema'
import { type Column, chosenColumns } from './columns'

export const TABS = [
  'pool',
  'assigned',
  'reserved',
  'mine',
  'aside',
  'returned',
  'held',
  'verify',
  'check',
  'done',
  'archive',
] as const
export type Tab = (typeof TABS)[number]
/** Every list that the server knows: the desk's and those of who moves work. */
export type ListName = NonNullable<FilterIn['tab']>

/** Who moves work holds nothing and checks nothing. */
const OF_COORDINATOR: readonly Tab[] = [
  'pool',
  'assigned',
  'reserved',
  'held',
  'aside',
  'returned',
  'verify',
  'done',
  'archive',
]

export function tabsFor(writes: boolean): readonly Tab[] {
  return writes ? TABS : OF_COORDINATOR
}

const PAGE = 100
const NEXT = 20
const HOLDERS_MS = 15_000

export interface Asked {
  tab: ListName
  service?: string
  filter?: string
  /** Keys as the server takes them, `urgency,-submitted`; empty is the list's own order. */
  sort?: string
  /** What one person has only: claimed by them, or kept for them. */
  person?: string
  /** Conditions that are being tried; they may name a patient, so they go in a body. */
  trying?: Conditions | null
}

/** A list's rows, page by page: more are fetched as it is scrolled. */
export function worklistQuery({ tab, service, filter, sort, person, trying }: Asked) {
  const given = {
    tab,
    limit: PAGE,
    ...(service ? { service } : {}),
    ...(sort ? { sort } : {}),
    ...(person ? { person } : {}),
  }
  return infiniteQueryOptions({
    queryKey: [
      KEYS.worklist,
      tab,
      service ?? '',
      filter ?? '',
      sort ?? '',
      person ?? '',
      trying ?? null,
    ],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const asked = { ...given, ...(pageParam ? { cursor: pageParam } : {}) }
      return trying
        ? body(api.POST('/api/worklist/search', { body: { ...asked, conditions: trying } }))
        : body(
            api.GET('/api/worklist', {
              params: { query: { ...asked, ...(filter ? { filter } : {}) } },
            }),
          )
    },
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** The head of a list, from which the next case is taken. */
export function headQuery(tab: Tab) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'head', tab],
    queryFn: () => body(api.GET('/api/worklist', { params: { query: { tab, limit: NEXT } } })),
  })
}

export const filtersQuery = queryOptions({
  queryKey: [KEYS.worklist, 'filters'],
  queryFn: () => body(api.GET('/api/worklist/filters')),
})

/** How many cases conditions find, while they are being chosen. */
export function trialQuery(tab: Tab, conditions: Conditions) {
  return queryOptions({
    queryKey: [KEYS.worklist, 'trial', tab, conditions],
    queryFn: () =>
      body(api.POST('/api/worklist/search', { body: { tab, conditions, limit: 500 } })),
  })
}

function forgetFilters(): void {
  void queryClient.invalidateQueries({ queryKey: filtersQuery.queryKey })
}

export async function saveFilter(id: string | null, given: FilterIn): Promise<FilterOut> {
  const after = await body(
    id === null
      ? api.POST('/api/worklist/filters', { body: given })
      : api.PUT('/api/worklist/filters/{id}', { params: { path: { id } }, body: given }),
  )
  forgetFilters()
  void queryClient.invalidateQueries({ queryKey: [KEYS.worklist] })
  return after
}

export async function deleteFilter(id: string): Promise<void> {
  await body(api.DELETE('/api/worklist/filters/{id}', { params: { path: { id } } }))
  forgetFilters()
}

export async function restoreFilter(id: string): Promise<void> {
  await body(api.POST('/api/worklist/filters/{id}/restore', { params: { path: { id } } }))
  forgetFilters()
}

export const settingsQuery = queryOptions({
  queryKey: ['desk-settings'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => body(api.GET('/api/worklist/settings')),
})

export function useSettings(): DeskSettings | undefined {
  return useQuery(settingsQuery).data
}

/** The columns as the person likes them; the same ones until they are changed. */
export function useColumns(): readonly Column[] {
  const codes = useSettings()?.columns
  return useMemo(() => chosenColumns(codes), [codes])
}

/** Shows the change at once and keeps it for every machine the person works at. */
export function keepSettings(change: Partial<DeskSettings>): void {
  const before = queryClient.getQueryData(settingsQuery.queryKey)
  const next = { ...before, ...change }
  queryClient.setQueryData(settingsQuery.queryKey, next)
  void body(api.PUT('/api/worklist/settings', { body: next })).catch(() =>
    queryClient.invalidateQueries({ queryKey: settingsQuery.queryKey }),
  )
}

/** Who holds what. Nobody is told of a heartbeat, so whoever looks at one asks now and then. */
export const holdersQuery = queryOptions({
  queryKey: [KEYS.worklist, 'holders'],
  refetchInterval: HOLDERS_MS,
  queryFn: () => body(api.GET('/api/worklist/holders')),
})

/** Sets cases aside for oneself, all of them or none. */
export async function reserve(requests: string[]): Promise<void> {
  await body(api.POST('/api/worklist/reserve', { body: { requests } }))
  void queryClient.invalidateQueries({ queryKey: [KEYS.worklist] })
}

/** Opens a case to everybody again. */
export function unassign(id: string): Promise<RequestOut> {
  return body(api.POST('/api/requests/{id}/unassign', { params: { path: { id } } })).then(
    rememberCase,
  )
}

export function putAside(id: string, place: PlaceIn): Promise<RequestOut> {
  return body(api.POST('/api/requests/{id}/aside', { params: { path: { id } }, body: place })).then(
    rememberCase,
  )
}

export function resume(id: string): Promise<RequestOut> {
  return body(api.POST('/api/requests/{id}/resume', { params: { path: { id } } })).then(
    rememberCase,
  )
}
