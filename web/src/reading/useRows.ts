/** A list of cases as it is shown: its pages, the rows that are held back, and the selected one. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useHeldRows } from '../shared/NewRows'
import { toProblem } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type { RequestRow } from '../shared/schema'
import { type Asked, worklistQuery } from './api'

export function useRows(asked: Asked) {
  const list = useInfiniteQuery({
    ...worklistQuery(asked),
    placeholderData: keepPreviousData,
  })
  useFreshStart(list.error)
  const old = list.isPlaceholderData
  const pages = list.data?.pages ?? []
  const fresh = old ? [] : unique(pages.flatMap((page) => page.items))
  const scope = JSON.stringify(asked)
  // A page that was asked for is no surprise: only rows that come by themselves are held back.
  const held = useHeldRows(fresh, mayInterrupt, `${scope} ${pages.length}`)
  const rows = old ? [] : held.visible
  return {
    rows,
    held,
    scope,
    head: pages[0],
    waiting: list.isPending || old,
    empty: list.data !== undefined && !old && rows.length === 0 && held.held === 0,
    error: list.error && toProblem(list.error).code !== 'list-moved' ? list.error : null,
    again: () => void list.refetch(),
    more: () => {
      if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
    },
  }
}

/** The list moved on under the page that was asked for: it begins anew. */
function useFreshStart(error: unknown): void {
  const moved = error !== null && toProblem(error).code === 'list-moved'
  useEffect(() => {
    if (moved) void queryClient.resetQueries({ queryKey: [KEYS.worklist] })
  }, [moved])
}

/** Only these come in without being asked: everything else waits behind the pill. */
function mayInterrupt(row: RequestRow): boolean {
  return row.urgency === 'stat' || row.critical || row.claim?.mine === true
}

/** A case that moved up while pages were fetched is in two of them; the first place counts. */
function unique(rows: readonly RequestRow[]): RequestRow[] {
  return [...new Map([...rows].reverse().map((row) => [row.id, row])).values()].reverse()
}

/** The selected row, kept by id while rows come and go; where it left, its neighbour. */
export function useSelection(rows: readonly RequestRow[], first = '') {
  const [chosen, setChosen] = useState<{ id: string; index: number } | null>(
    first ? { id: first, index: 0 } : null,
  )
  const at = chosen ? rows.findIndex((row) => row.id === chosen.id) : -1
  const index = at >= 0 ? at : Math.min(chosen?.index ?? 0, rows.length - 1)
  const select = (row: RequestRow | null) =>
    setChosen(row ? { id: row.id, index: rows.findIndex((each) => each.id === row.id) } : null)
  return [rows[index] ?? null, select] as const
}

/** The row so many places from another, at most the first or the last. */
export function moved(
  rows: readonly RequestRow[],
  from: RequestRow | null,
  by: number,
): RequestRow | null {
  const at = from ? rows.findIndex((row) => row.id === from.id) : -1
  return rows[Math.max(0, Math.min(rows.length - 1, at + by))] ?? null
}
