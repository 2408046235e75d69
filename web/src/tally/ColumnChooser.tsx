/** Which columns are shown: a short list of the role's own at first, then the person's choice. */
import { TableOutlined } from '@ant-design/icons'
import { Button, Checkbox, Popover } from 'antd'
import styles from './ColumnChooser.module.css'
import type { ColumnOf } from './columns'
import { useWords } from './words'

interface Props {
  columns: readonly ColumnOf[]
  shown: readonly string[]
  onChoose: (codes: readonly string[] | null) => void
}

export function ColumnChooser(props: Props) {
  const t = useWords()
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t('columnsTitle')}
      content={<Choices {...props} />}
    >
      <Button icon={<TableOutlined aria-hidden />}>{t('columns')}</Button>
    </Popover>
  )
}

const GROUPS = ['counts', 'durations', 'shares', 'changes'] as const

function groupOf(column: ColumnOf): (typeof GROUPS)[number] {
  if (column.against !== null) return 'changes'
  if (column.kind === 'share') return 'shares'
  return column.kind === 'count' ? 'counts' : 'durations'
}

function Choices({ columns, shown, onChoose }: Props) {
  const t = useWords()
  const toggle = (code: string, on: boolean) => {
    const next = on ? [...shown, code] : shown.filter((each) => each !== code)
    // One column must stay: a table of names answers nothing.
    if (next.length > 0) onChoose(next)
  }
  return (
    <div className={styles.frame}>
      <div className={styles.choices}>
        {GROUPS.map((group) => (
          <fieldset key={group} className={styles.group}>
            <legend>{t(group)}</legend>
            {columns
              .filter((column) => groupOf(column) === group)
              .map((column) => (
                <Checkbox
                  key={column.code}
                  checked={shown.includes(column.code)}
                  onChange={(event) => toggle(column.code, event.target.checked)}
                >
                  {column.label}
                </Checkbox>
              ))}
          </fieldset>
        ))}
      </div>
      <Button size="small" onClick={() => onChoose(null)}>
        {t('columnsReset')}
      </Button>
    </div>
  )
}
