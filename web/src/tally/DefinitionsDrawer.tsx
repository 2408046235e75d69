/** 口径: what every number counts and which month it belongs to, as the server defines it. */
import { Drawer, Tag } from 'antd'
import page from '../shared/page.module.css'
import type { TallyOut } from '../shared/schema'
import { pick } from '../shared/words'
import type { ColumnOf } from './columns'
import styles from './DefinitionsDrawer.module.css'
import { useWords } from './words'

interface Props {
  open: boolean
  onClose: () => void
  rule: TallyOut['rule']
  columns: readonly ColumnOf[]
  shown: readonly string[]
}

export function DefinitionsDrawer({ open, onClose, rule, columns, shown }: Props) {
  const t = useWords()
  return (
    <Drawer open={open} onClose={onClose} size={560} title={t('definitionsTitle')}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text that scrolls must be reachable by keyboard. */}
      <section className={styles.rule} tabIndex={0}>
        <h3 className={page.subtitle}>{t('monthRule')}</h3>
        <p>{pick(rule)}</p>
      </section>
      <dl className={styles.list}>
        {columns.map((column) => (
          <div key={column.code} className={styles.row}>
            <dt>
              {column.label} {shown.includes(column.code) ? <Tag>{t('shownNow')}</Tag> : null}
            </dt>
            <dd>{column.definition}</dd>
          </div>
        ))}
      </dl>
    </Drawer>
  )
}
