/** Cells of the tally table: a head that sorts and explains, a name, a number with its bar. */
import { CaretDownFilled, CaretUpFilled } from '@ant-design/icons'
import { Tooltip } from 'antd'
import type { GridCell } from '../shared/gridFocus'
import type { TallyRow } from '../shared/schema'
import { ChangeMark } from './ChangeMark'
import { type ColumnOf, changeIn, type Order } from './columns'
import { barOf, valueWords } from './numbers'
import styles from './TallyTable.module.css'
import { useWords } from './words'

interface HeadProps {
  code: string
  label: string
  definition: string | null
  order: Order | null
  onOrder: (order: Order | null) => void
  cell: GridCell
}

export function HeadCell({ code, label, definition, order, onOrder, cell }: HeadProps) {
  const t = useWords()
  const mine = order?.code === code ? order : null
  const sort = mine === null ? 'none' : mine.descending ? 'descending' : 'ascending'
  return (
    <th scope="col" aria-sort={sort} className={code === 'name' ? styles.corner : undefined}>
      <Tooltip title={definition} placement="bottom" mouseEnterDelay={0.3}>
        <button
          type="button"
          className={styles.head}
          aria-label={t('sortBy', { name: label })}
          onClick={() => onOrder(nextOrder(code, mine))}
          {...cell}
        >
          <span className={styles.headWords}>{label}</span>
          {mine === null ? null : mine.descending ? (
            <CaretDownFilled aria-hidden />
          ) : (
            <CaretUpFilled aria-hidden />
          )}
        </button>
      </Tooltip>
    </th>
  )
}

/** Largest first, then smallest first, then the server's own order; names begin with A. */
function nextOrder(code: string, mine: Order | null): Order | null {
  const begin = code !== 'name'
  if (mine === null) return { code, descending: begin }
  return mine.descending === begin ? { code, descending: !begin } : null
}

export function NameCell(props: { name: string; cell: GridCell; onPick: () => void }) {
  const t = useWords()
  return (
    <th scope="row" className={styles.name}>
      <button
        type="button"
        className={styles.nameButton}
        title={props.name}
        aria-label={t('showTrend', { row: props.name })}
        onClick={props.onPick}
        {...props.cell}
      >
        {props.name}
      </button>
    </th>
  )
}

interface DataProps {
  row: TallyRow
  column: ColumnOf
  longest: number
  picked: boolean
  cell: GridCell
  onOpen: () => void
}

export function DataCell({ row, column, longest, picked, cell, onOpen }: DataProps) {
  const t = useWords()
  const value = row.values[column.indicator]
  const words = valueWords(value, column.kind)
  const missing = value === null || value === undefined
  const bar = column.against === null ? barOf(value, longest) : null
  return (
    <td className={picked ? styles.pickedCell : undefined}>
      <button
        type="button"
        className={styles.number}
        title={missing ? t('missing') : undefined}
        onClick={onOpen}
        {...cell}
      >
        {column.against === null ? (
          <span className={missing || value === 0 ? styles.nothing : undefined}>{words}</span>
        ) : (
          <ChangeMark
            code={column.indicator}
            change={changeIn(row, column, column.against)}
            against={column.against}
            small
          />
        )}
        {bar === null ? null : (
          <svg
            className={styles.bar}
            viewBox="0 0 100 3"
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <rect width={bar * 100} height="3" />
          </svg>
        )}
      </button>
    </td>
  )
}
