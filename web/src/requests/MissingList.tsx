/** What is still missing, each a door to its place on the page. */
import { CheckCircleFilled, RightOutlined } from '@ant-design/icons'
import type { RequestOut } from '../shared/schema'
import { pick } from '../shared/words'
import { useWords } from './formWords'
import styles from './MissingList.module.css'

export function MissingList({ item }: { item: RequestOut }) {
  const t = useWords()
  if (item.missing.length === 0)
    return (
      <p className={styles.complete} role="status">
        <CheckCircleFilled aria-hidden /> {t('complete')}
      </p>
    )
  return (
    <div className={styles.panel}>
      <h2 className={styles.title} role="status">
        {t('missing', { n: item.missing.length })}
      </h2>
      <ul className={styles.list}>
        {item.missing.map((each) => (
          <li key={`${each.section}-${each.field}`}>
            <button
              type="button"
              className={styles.door}
              onClick={() => goTo(each.section, each.field)}
            >
              {pick(each.label)} <RightOutlined aria-hidden />
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function goTo(section: string, field: string): void {
  const place = document.getElementById(`section-${section}`)
  place?.scrollIntoView({ behavior: 'smooth', block: 'start' })
  document.getElementById(`field-${field}`)?.focus({ preventScroll: true })
}
