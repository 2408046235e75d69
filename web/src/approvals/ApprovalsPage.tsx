/** What one is to approve: what holds a request up first, then what is owed. */
import { useQuery } from '@tanstack/react-query'
import { Button, Skeleton, Tag } from 'antd'
import { Link } from 'react-router'
import { ToSignStrip } from '../conference/case/ToSign'
import styles from '../opinions/OpinionsBlock.module.css'
import { CaseRow } from '../requests/CaseRow'
import { Empty } from '../shared/Empty'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { momentWords } from '../shared/times'
import { pick } from '../shared/words'
import { tasksQuery } from './api'
import { Decide } from './Decide'
import { useWords } from './words'

export function ApprovalsPage() {
  const t = useWords()
  const found = useQuery(tasksQuery)
  const items = found.data?.items ?? []
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{t('page')}</h1>
      <ToSignStrip card />
      {found.error ? (
        <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
      ) : null}
      {found.isPending ? <Skeleton active /> : null}
      {found.data && items.length === 0 ? <Empty title={t('none')} teach={t('noneTeach')} /> : null}
      {items.map(({ approval, case: row }) => (
        <section key={approval.id} className={page.card} aria-label={row.number}>
          <div className={styles.one}>
            <div className={styles.who}>
              <strong>{pick(approval.label)}</strong>
              {approval.owed ? (
                <Tag color="warning">
                  {t('owed')} · {t('owedTeach')}
                </Tag>
              ) : null}
              <span className={styles.more}>
                {t('askedBy', {
                  who: approval.asked_by,
                  at: momentWords(approval.asked_at, serverNow()),
                })}
              </span>
            </div>
            <CaseRow row={row} side="sender" />
            <div className={styles.steps}>
              <Decide one={approval} />
              <Link to={`/requests/${row.id}`}>
                <Button tabIndex={-1}>{t('open')}</Button>
              </Link>
            </div>
          </div>
        </section>
      ))}
    </main>
  )
}
