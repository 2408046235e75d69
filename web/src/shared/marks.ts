/**
 * Several rows of a list marked at once: one by one, or from where the marking began to here.
 *
 * Only rows that the list still has are acted on, whatever was marked before.
 */
import { useState } from 'react'

export interface Marked {
  readonly ids: ReadonlySet<string>
  /** Where a range begins. */
  readonly anchor: string | null
}

export const NONE: Marked = { ids: new Set(), anchor: null }

export function toggled({ ids }: Marked, id: string): Marked {
  const next = new Set(ids)
  if (!next.delete(id)) next.add(id)
  return { ids: next, anchor: id }
}

/** Everything between the anchor (or `from`, where nothing was marked yet) and `to`. */
export function extended(
  marked: Marked,
  order: readonly string[],
  from: string | null,
  to: string,
): Marked {
  const anchor = marked.anchor !== null && order.includes(marked.anchor) ? marked.anchor : from
  const a = order.indexOf(anchor ?? to)
  const b = order.indexOf(to)
  if (b < 0) return marked
  const begin = a < 0 ? b : Math.min(a, b)
  return {
    ids: new Set([...marked.ids, ...order.slice(begin, Math.max(a, b) + 1)]),
    anchor: anchor ?? to,
  }
}

/** The marked rows of a list, and what marks them; another `scope` (list, filter) begins anew. */
export function useMarks<Row extends { id: string }>(rows: readonly Row[], scope: string) {
  const [kept, setKept] = useState({ scope, marked: NONE })
  const marked = kept.scope === scope ? kept.marked : NONE
  const set = (next: Marked) => setKept({ scope, marked: next })
  const order = rows.map((row) => row.id)
  return {
    ids: marked.ids,
    rows: rows.filter((row) => marked.ids.has(row.id)),
    toggle: (id: string) => set(toggled(marked, id)),
    extend: (from: string | null, to: string) => set(extended(marked, order, from, to)),
    all: () => set({ ids: new Set(order), anchor: order[0] ?? null }),
    clear: () => set(NONE),
  }
}

export type Marks<Row extends { id: string }> = ReturnType<typeof useMarks<Row>>
