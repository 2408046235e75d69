/** The month's main numbers beside the month before and the same month last year. */
import { Tooltip } from 'antd'
import type { TallyRow } from '../shared/schema'
import type { Side } from './api'
import { ChangeMark } from './ChangeMark'
import { type ColumnOf, changeIn } from './columns'
import styles from './KeyFigures.module.css'
import { valueWords } from './numbers'
import { useWords } from './words'

const FIGURES: Record<Side, readonly string[]> = {
  provider: ['issued', 'turnaround_median', 'on_time_share', 'return_rate', 'adoption_share'],
  requester: ['submitted', 'issued', 'acknowledged_on_time_share', 'return_rate', 'adoption_share'],
}

interface Props {
  side: Side
  total: TallyRow
  columns: readonly ColumnOf[]
  onOpen: (column: ColumnOf) => void
}

export function KeyFigures({ side, total, columns, onOpen }: Props) {
  const t = useWords()
  const shown = FIGURES[side].flatMap((code) => columns.find((each) => each.code === code) ?? [])
  return (
    <ul className={styles.figures} aria-label={t('figures')}>
      {shown.map((column) => (
        <li key={column.code} className={styles.figure}>
          <Tooltip title={column.definition}>
            <span className={styles.label}>{column.label}</span>
          </Tooltip>
          <Figure column={column} total={total} onOpen={() => onOpen(column)} />
          <span className={styles.changes}>
            <span>
              {t('mom')}{' '}
              <ChangeMark
                code={column.code}
                change={changeIn(total, column, 'previous_month')}
                against="previous_month"
              />
            </span>
            <span>
              {t('yoy')}{' '}
              <ChangeMark
                code={column.code}
                change={changeIn(total, column, 'previous_year')}
                against="previous_year"
              />
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}

function Figure(props: { column: ColumnOf; total: TallyRow; onOpen: () => void }) {
  const t = useWords()
  const { column, total } = props
  const value = total.values[column.indicator]
  const words = valueWords(value, column.kind)
  return (
    <button
      type="button"
      className={styles.value}
      title={value === null ? t('missing') : undefined}
      aria-label={t('openCases', { row: t('total'), name: column.label, value: words })}
      onClick={props.onOpen}
    >
      {words}
    </button>
  )
}
