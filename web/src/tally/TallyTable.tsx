/**
 * The table of the month: truth in digits, shape in small bars.
 *
 * It is one grid for the keyboard: arrows move a single focus over heads, total and rows, Enter
 * sorts at a head, picks at a name and opens the cases at a number. Only rows in sight are made.
 */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { useGridFocus } from '../shared/gridFocus'
import type { CatalogueOut, TallyRow } from '../shared/schema'
import { DataCell, HeadCell, NameCell } from './cells'
import type { ColumnOf, Order } from './columns'
import styles from './TallyTable.module.css'
import { useWords } from './words'

const ROW = 36
const HEAD = 56
/** Grid rows before the first row of data: the heads and the total. */
const FIXED = 2

export interface Spot {
  row: TallyRow
  column: ColumnOf
}

interface Props {
  label: string
  /** What the first column names. */
  dimension: string
  rows: readonly TallyRow[]
  total: TallyRow
  columns: readonly ColumnOf[]
  order: Order | null
  onOrder: (order: Order | null) => void
  picked: { key: string; indicator: string }
  onPick: (spot: Spot) => void
  onOpen: (spot: Spot) => void
}

/** Institutions and places have their own names; a service is called as the reader's language does. */
function nameOf(catalogue: CatalogueOut | undefined, row: TallyRow): string {
  const isService = catalogue?.services.some((each) => each.code === row.key)
  return isService ? serviceLabel(catalogue, row.key) : row.name
}

export function TallyTable(props: Props) {
  const { rows, total, columns, picked } = props
  const t = useWords()
  const scroller = useRef<HTMLDivElement>(null)
  const catalogue = useCatalogue()
  const grid = useGridFocus(scroller, rows.length + FIXED, columns.length + 1, 1)
  const longest = useLongest(rows, columns)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    paddingStart: HEAD + ROW,
    scrollPaddingStart: HEAD + ROW,
  })
  const seen = virtual.getVirtualItems()
  const above = (seen[0]?.start ?? HEAD + ROW) - HEAD - ROW
  const below = virtual.getTotalSize() - (seen.at(-1)?.end ?? HEAD + ROW)
  const { at, follow } = grid
  useEffect(() => {
    if (!follow.current || at.row < FIXED) return
    virtual.scrollToIndex(at.row - FIXED)
  }, [at, follow, virtual])
  const line = (row: TallyRow, index: number) => (
    <tr
      key={row.key || 'total'}
      aria-rowindex={index + 1}
      aria-selected={row.key === picked.key}
      className={`${index === 1 ? styles.total : ''} ${row.key === picked.key ? styles.picked : ''}`}
    >
      <NameCell
        name={row.key === '' ? t('total') : nameOf(catalogue, row)}
        cell={grid.cell(index, 0)}
        onPick={() => pickOr(props, row)}
      />
      {columns.map((column, place) => (
        <DataCell
          key={column.code}
          row={row}
          column={column}
          longest={index === 1 ? 0 : (longest[column.code] ?? 0)}
          picked={row.key === picked.key && column.code === picked.indicator}
          cell={grid.cell(index, place + 1)}
          onOpen={() => props.onOpen({ row, column })}
        />
      ))}
    </tr>
  )
  return (
    <div ref={scroller} className={styles.scroller}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: WAI-ARIA's grid pattern allows a table, which keeps heads and cells tied together without more roles.
        role="grid"
        onKeyDown={grid.onKeyDown}
        className={styles.table}
        aria-label={props.label}
        aria-rowcount={rows.length + FIXED}
        aria-colcount={columns.length + 1}
      >
        <colgroup>
          <col className={styles.nameColumn} />
          {columns.map((column) => (
            <col key={column.code} className={styles.column} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <HeadCell
              code="name"
              label={props.dimension}
              definition={null}
              order={props.order}
              onOrder={props.onOrder}
              cell={grid.cell(0, 0)}
            />
            {columns.map((column, place) => (
              <HeadCell
                key={column.code}
                code={column.code}
                label={column.label}
                definition={column.definition}
                order={props.order}
                onOrder={props.onOrder}
                cell={grid.cell(0, place + 1)}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {line(total, 1)}
          <Space height={above} />
          {seen.map((item) => {
            const row = rows[item.index]
            return row === undefined ? null : line(row, item.index + FIXED)
          })}
          <Space height={below} />
        </tbody>
      </table>
    </div>
  )
}

/** Picking a row keeps the column that is being looked at. */
function pickOr({ columns, picked, onPick }: Props, row: TallyRow): void {
  const column = columns.find((each) => each.indicator === picked.indicator) ?? columns[0]
  if (column !== undefined) onPick({ row, column })
}

/** The height of the rows that are not made. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden>
      <td height={height} className={styles.space} />
    </tr>
  )
}

/** The longest bar of each column; the total is on another scale and has none. */
function useLongest(rows: readonly TallyRow[], columns: readonly ColumnOf[]) {
  return useMemo(
    () =>
      Object.fromEntries(
        columns.map((column) => [
          column.code,
          column.kind === 'share'
            ? 1
            : Math.max(0, ...rows.map((row) => row.values[column.indicator] ?? 0)),
        ]),
      ),
    [rows, columns],
  )
}
