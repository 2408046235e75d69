/**
 * Rows that arrive while somebody reads the list.
 *
 * A row already shown changes in place; a new one waits behind a pill so that nothing jumps under
 * the pointer. Stat and critical rows pass at once.
 */
import { ArrowUpOutlined } from '@ant-design/icons'
import { useState } from 'react'
import styles from './NewRows.module.css'
import { defineWords } from './words'

const { useWords } = defineWords('newRows', { pill: ['{{n}} 条新申请', '{{n}} new'] })

export interface HeldRows<Row> {
  visible: Row[]
  held: number
  release: () => void
}

/** Holds back rows not seen at the last release; `scope` changing (another tab, filter) releases. */
export function useHeldRows<Row extends { id: string }>(
  rows: readonly Row[],
  passes: (row: Row) => boolean,
  scope: string,
): HeldRows<Row> {
  const [seen, setSeen] = useState<{ scope: string; ids: ReadonlySet<string> } | null>(null)
  const known = seen !== null && seen.scope === scope ? seen.ids : null
  if (known === null && rows.length > 0) setSeen({ scope, ids: new Set(rows.map((r) => r.id)) })
  const shown = known === null ? [...rows] : rows.filter((r) => known.has(r.id) || passes(r))
  // In an empty list nothing can jump.
  const visible = shown.length > 0 ? shown : [...rows]
  return {
    visible,
    held: rows.length - visible.length,
    release: () => setSeen({ scope, ids: new Set(rows.map((r) => r.id)) }),
  }
}

export function NewRowsPill({ held, onRelease }: { held: number; onRelease: () => void }) {
  const t = useWords()
  return (
    <div className={styles.place} aria-live="polite">
      {held > 0 ? (
        <button type="button" className={styles.pill} onClick={onRelease}>
          <ArrowUpOutlined aria-hidden /> {t('pill', { n: held })}
        </button>
      ) : null}
    </div>
  )
}
