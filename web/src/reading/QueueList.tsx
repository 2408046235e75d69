/** The rows of the queue, drawn only where they are seen; one stop for the keyboard. */
import { CheckSquareFilled } from '@ant-design/icons'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type MouseEvent, useEffect, useRef } from 'react'
import { CaseRow } from '../requests/CaseRow'
import type { Marks } from '../shared/marks'
import type { RequestRow } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import type { Column } from './columns'
import { DeskRow, Whose } from './DeskRow'
import styles from './QueueList.module.css'

interface Props {
  rows: readonly RequestRow[]
  columns: readonly Column[]
  /** What a screen reader calls the list. */
  label: string
  /** Absent where nothing can be done with several at once. */
  marks?: Marks<RequestRow> | undefined
  selected: RequestRow | null
  onSelect: (row: RequestRow) => void
  onOpen: (row: RequestRow) => void
  /** The last rows came into sight. */
  onEnd: () => void
}

const ROW = 60

export function QueueList(props: Props) {
  const { rows, columns, label, marks, selected, onSelect, onOpen, onEnd } = props
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
  const click = (event: MouseEvent, row: RequestRow) => {
    if (marks && event.shiftKey) marks.extend(chosen ?? null, row.id)
    else if (marks && (event.ctrlKey || event.metaKey)) marks.toggle(row.id)
    onSelect(row)
  }
  return (
    <div
      ref={place}
      className={styles.list}
      role="listbox"
      tabIndex={0}
      aria-label={label}
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
              aria-checked={marks ? marks.ids.has(row.id) : undefined}
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              className={`${styles.row} ${row.id === selected?.id ? styles.selected : ''} ${marks ? styles.markable : ''} ${marks?.ids.has(row.id) ? styles.marked : ''}`}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={(event) => click(event, row)}
              onDoubleClick={() => onOpen(row)}
            >
              {marks ? (
                <Mark on={marks.ids.has(row.id)} toggle={() => marks.toggle(row.id)} />
              ) : null}
              {narrow ? (
                <>
                  <CaseRow row={row} side="reader" />
                  <div className={styles.whose}>
                    <Whose row={row} />
                  </div>
                </>
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

/** A box to mark with the pointer; the keyboard has Space, and the option says its state aloud. */
function Mark({ on, toggle }: { on: boolean; toggle: () => void }) {
  return (
    <span
      aria-hidden
      className={styles.mark}
      onClick={(event) => {
        event.stopPropagation()
        toggle()
      }}
      onDoubleClick={(event) => event.stopPropagation()}
    >
      {on ? <CheckSquareFilled /> : <span className={styles.box} />}
    </span>
  )
}
