/** The one focus of a grid: arrows move it over cells that are buttons, and Tab passes it by. */
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react'

interface Place {
  row: number
  column: number
}

/** What a cell's button needs to take part in the one focus of the grid. */
export interface GridCell {
  tabIndex: 0 | -1
  'data-cell': string
  onFocus: () => void
}

const STEPS: Record<string, (at: Place, last: Place, first: number) => Place> = {
  ArrowUp: (at) => ({ ...at, row: at.row - 1 }),
  ArrowDown: (at) => ({ ...at, row: at.row + 1 }),
  ArrowLeft: (at) => ({ ...at, column: at.column - 1 }),
  ArrowRight: (at) => ({ ...at, column: at.column + 1 }),
  PageUp: (at, _, first) => ({ ...at, row: Math.max(first, at.row - 10) }),
  PageDown: (at) => ({ ...at, row: at.row + 10 }),
  Home: (at) => ({ ...at, column: 0 }),
  End: (at, last) => ({ ...at, column: last.column }),
}

export function useGridFocus(
  scroller: RefObject<HTMLElement | null>,
  rows: number,
  columns: number,
  /** The first row of data: above it are heads. */
  first: number,
) {
  const [wanted, setWanted] = useState<Place>({ row: first, column: 0 })
  /** Whether the focus follows the place: after a key yes, after a render never. */
  const follow = useRef(false)
  const last = { row: rows - 1, column: columns - 1 }
  const at = useMemo(
    () => ({ row: Math.min(wanted.row, rows - 1), column: Math.min(wanted.column, columns - 1) }),
    [wanted, rows, columns],
  )
  useEffect(() => {
    if (!follow.current) return
    // The row may only be made after the scrolling: look for it in the next frame too.
    const find = () =>
      scroller.current?.querySelector<HTMLElement>(`[data-cell="${at.row}.${at.column}"]`)
    const now = find()
    if (now) now.focus()
    else requestAnimationFrame(() => find()?.focus())
    follow.current = now === null
  }, [at, scroller])
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    const next = step(at, last, first)
    follow.current = true
    setWanted({
      row: Math.min(Math.max(0, next.row), last.row),
      column: Math.min(Math.max(0, next.column), last.column),
    })
  }
  const cell = (row: number, column: number): GridCell => ({
    tabIndex: row === at.row && column === at.column ? 0 : -1,
    'data-cell': `${row}.${column}`,
    onFocus: () => setWanted({ row, column }),
  })
  return { at, follow, onKeyDown, cell }
}
