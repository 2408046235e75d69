/** The heads of the columns: a click sorts, Shift adds a column, a screen reader hears the order. */
import { ArrowDownOutlined, ArrowUpOutlined, SettingOutlined } from '@ant-design/icons'
import { Button, Checkbox, Popover } from 'antd'
import { useMay } from '../session/session'
import { keepSettings } from './api'
import { COLUMNS, type Column, clickedSort, readSort, USUAL } from './columns'
import { gridOf } from './DeskRow'
import styles from './ListHead.module.css'
import { useWords } from './words'

interface Props {
  columns: readonly Column[]
  sort: string
  onSort: (sort: string) => void
  /** The rows below have a box to mark them. */
  marks: boolean
}

export function ListHead({ columns, sort, onSort, marks }: Props) {
  const t = useWords()
  const parts = readSort(sort)
  const said = parts
    .map(({ key, down }) => {
      const column = COLUMNS.find((each) => each.sort === key)
      return column ? `${t(column.word)} ${t(down ? 'descending' : 'ascending')}` : ''
    })
    .join('，')
  return (
    <div className={`${styles.head} ${marks ? styles.marks : ''}`}>
      <div className={styles.cells} style={{ gridTemplateColumns: gridOf(columns) }}>
        {columns.map((column) => {
          const at = parts.findIndex((part) => part.key === column.sort)
          if (column.sort === undefined) return <span key={column.code}>{t(column.word)}</span>
          const key = column.sort
          return (
            <button
              key={column.code}
              type="button"
              className={styles.cell}
              title={t('sortHint')}
              onClick={(event) => onSort(clickedSort(sort, key, event.shiftKey))}
            >
              {t(column.word)}
              {at >= 0 ? (
                <>
                  {parts[at]?.down ? (
                    <ArrowDownOutlined aria-label={t('descending')} />
                  ) : (
                    <ArrowUpOutlined aria-label={t('ascending')} />
                  )}
                  {parts.length > 1 ? <sup>{at + 1}</sup> : null}
                </>
              ) : null}
            </button>
          )
        })}
      </div>
      <ColumnChoice columns={columns} />
      <span className="visually-hidden" role="status">
        {said ? t('sortedBy', { by: said }) : t('sortedUsual')}
      </span>
    </div>
  )
}

function ColumnChoice({ columns }: { columns: readonly Column[] }) {
  const t = useWords()
  const chosen = columns.map((column) => column.code)
  const keep = (codes: readonly string[]) => keepSettings({ columns: [...codes] })
  const move = (code: string, by: number) => {
    const at = chosen.indexOf(code)
    const next = chosen.filter((each) => each !== code)
    next.splice(Math.max(0, at + by), 0, code)
    keep(next)
  }
  const rest = COLUMNS.filter((column) => !chosen.includes(column.code))
  if (!useMay('read-queue')) return null
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t('columns')}
      content={
        <div className={styles.choice}>
          {[...columns, ...rest].map((column) => {
            const at = chosen.indexOf(column.code)
            return (
              <div key={column.code} className={styles.line}>
                <Checkbox
                  checked={at >= 0}
                  disabled={at >= 0 && chosen.length === 1}
                  onChange={(event) =>
                    keep(
                      event.target.checked
                        ? [...chosen, column.code]
                        : chosen.filter((code) => code !== column.code),
                    )
                  }
                >
                  {t(column.word)}
                </Checkbox>
                {at >= 0 ? (
                  <span>
                    <Button
                      type="text"
                      size="small"
                      disabled={at === 0}
                      icon={<ArrowUpOutlined />}
                      aria-label={t('columnUp', { name: t(column.word) })}
                      onClick={() => move(column.code, -1)}
                    />
                    <Button
                      type="text"
                      size="small"
                      disabled={at === chosen.length - 1}
                      icon={<ArrowDownOutlined />}
                      aria-label={t('columnDown', { name: t(column.word) })}
                      onClick={() => move(column.code, 1)}
                    />
                  </span>
                ) : null}
              </div>
            )
          })}
          <Button type="link" size="small" onClick={() => keep(USUAL)}>
            {t('usualColumns')}
          </Button>
        </div>
      }
    >
      <Button
        type="text"
        size="small"
        className={styles.gear}
        icon={<SettingOutlined />}
        aria-label={t('columns')}
        title={t('columns')}
      />
    </Popover>
  )
}
