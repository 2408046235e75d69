/** The queue by state, each with its live count; what will be late in red and with a sign. */
import { FireFilled } from '@ant-design/icons'
import type { WorklistOut } from '../shared/schema'
import { type DispatchList, LISTS } from './api'
import styles from './ListTabs.module.css'
import { useWords } from './words'

interface Props {
  list: DispatchList
  counts: WorklistOut['counts'] | undefined
  onList: (list: DispatchList) => void
}

export function ListTabs({ list, counts, onList }: Props) {
  const t = useWords()
  // What is free is counted once, as the pool.
  const count = (each: DispatchList) => counts?.[each === 'free' ? 'pool' : each]
  return (
    <div role="tablist" aria-label={t('lists')} className={styles.tabs}>
      {LISTS.map((each) => {
        const n = count(each)
        const bad = each === 'danger' && (n ?? 0) > 0
        return (
          <button
            key={each}
            type="button"
            role="tab"
            aria-selected={each === list}
            className={`${styles.tab} ${bad ? styles.bad : ''}`}
            title={each === 'danger' ? t('dangerHint') : undefined}
            onClick={() => onList(each)}
          >
            {bad ? <FireFilled aria-hidden /> : null} {t(each)}
            <span className={styles.count}>{n?.toLocaleString() ?? '…'}</span>
          </button>
        )
      })}
    </div>
  )
}
