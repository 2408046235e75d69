/** The rows of the queue, drawn only where they are seen; one stop for the keyboard. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { CaseRow } from '../requests/CaseRow'
import type { RequestRow } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import type { Tab } from './api'
import type { Column } from './columns'
import { DeskRow } from './DeskRow'
import styles from './QueueList.module.css'
import { useWords } from './words'

interface Props {
  rows: readonly RequestRow[]
  columns: readonly Column[]
  tab: Tab
  selected: RequestRow | null
  onSelect: (row: RequestRow) => void
  onOpen: (row: RequestRow) => void
  /** The last rows came into sight. */
  onEnd: () => void
}

const ROW = 60

export function QueueList({ rows, columns, tab, selected, onSelect, onOpen, onEnd }: Props) {
  const t = useWords()
  const narrow = useNarrow()
  const place = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW,
    overscan: 8,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  const at = rows.findIndex((row) => row.id === selected?.id)
  const chosen = selected?.id
  const shown = useRef(chosen)
  useEffect(() => {
    // Only a new choice is brought into sight: rows that are added must not pull the list back.
    if (at < 0 || shown.current === chosen) return
    shown.current = chosen
    virtual.scrollToIndex(at, { align: 'auto' })
  }, [at, chosen, virtual])
  const last = virtual.getVirtualItems().at(-1)?.index ?? 0
  const ending = rows.length > 0 && last >= rows.length - 10
  useEffect(() => {
    if (ending) onEnd()
  }, [ending, onEnd])
  if (rows.length === 0) return null
  return (
    <div
      ref={place}
      className={styles.list}
      role="listbox"
      tabIndex={0}
      aria-label={t('queue', { tab: t(tab), n: rows.length })}
      aria-activedescendant={selected ? `row-${selected.id}` : undefined}
    >
      <div className={styles.all} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (row === undefined) return null
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys and Enter belong to the whole page.
            // biome-ignore lint/a11y/useFocusableInteractive: the listbox holds the focus and names its active option.
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              id={`row-${row.id}`}
              role="option"
              aria-selected={row.id === selected?.id}
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              className={`${styles.row} ${row.id === selected?.id ? styles.selected : ''}`}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => onSelect(row)}
              onDoubleClick={() => onOpen(row)}
            >
              {narrow ? (
                <CaseRow row={row} side="reader" />
              ) : (
                <DeskRow row={row} columns={columns} />
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}
