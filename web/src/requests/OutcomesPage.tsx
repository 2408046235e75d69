/** What became of the patients on whom I gave an answer, the newest word first. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { Link } from 'react-router'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { FollowUpOfCase } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { useCatalogue } from './api'
import { outcomesQuery } from './followUps'
import { examLabel, serviceLabel } from './names'
import styles from './OutcomesPage.module.css'

const { useWords } = defineWords('outcomes', {
  title: ['我的患者转归', 'What became of my patients'],
  back: ['返回工作台', 'Back to the desk'],
  none: ['还没有随访结果', 'Nothing yet'],
  noneTeach: [
    '申请方随访患者后，结果会列在这里。',
    'What the requesting side finds at its follow-ups is listed here.',
  ],
  day: ['{{n}} 天', 'day {{n}}'],
})

export function OutcomesPage() {
  const t = useWords()
  const asked = useQuery(outcomesQuery)
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <Link to="/work">{t('back')}</Link>
      </header>
      {asked.error ? (
        <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
      ) : null}
      {asked.isPending ? <Skeleton active /> : null}
      {asked.data?.items.length === 0 ? (
        <Empty title={t('none')} teach={t('noneTeach')} />
      ) : (
        <ul className={styles.list}>
          {asked.data?.items.map((one) => (
            <li key={one.id}>
              <Row one={one} />
            </li>
          ))}
        </ul>
      )}
    </main>
  )
}

function Row({ one }: { one: FollowUpOfCase }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const row = one.request
  return (
    <Link to={`/requests/${row.id}`} className={`${page.card} ${styles.row}`}>
      <span>
        <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
        <span className={styles.what}>
          {serviceLabel(catalogue, row.service)} · {examLabel(catalogue, row)} ·{' '}
          {row.requester.short_name}
        </span>
      </span>
      <span>
        <strong>{one.outcome ? pick(one.outcome.label) : '—'}</strong>{' '}
        {one.advice ? pick(one.advice.label) : ''}
        {one.note ? <span className={styles.what}>{one.note}</span> : null}
      </span>
      <span className={styles.when}>
        {t('day', { n: one.days })} · <Moment at={one.changed_at} />
      </span>
    </Link>
  )
}
