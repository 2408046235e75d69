/** One patient of the institution: who it is, their studies, and what was done to the identity. */
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { patientFacts } from '../requests/names'
import { Empty } from '../shared/Empty'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { PatientDetail, StudyOut } from '../shared/schema'
import { StudyCard } from '../studies/StudyCard'
import { patientQuery } from './api'
import styles from './care.module.css'
import { Change } from './DoublesPage'
import { MoveDialog } from './MoveDialog'
import { useMoveWords } from './moveWords'
import { useWords } from './words'

export function PatientPage() {
  const t = useWords()
  const { id = '' } = useParams()
  const found = useQuery(patientQuery(id))
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('patientPage')}</h1>
        <Link to="/studies">{t('patientStudies')}</Link>
      </header>
      {found.error ? (
        <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
      ) : null}
      {found.isPending ? <Skeleton active /> : null}
      {found.data ? <Shown item={found.data} /> : null}
    </main>
  )
}

function Shown({ item }: { item: PatientDetail }) {
  const t = useWords()
  const { patient } = item
  return (
    <>
      <section className={page.card}>
        <PatientLine name={patient.name} sex={patient.sex} age={patient.age} />
        <p className={page.quiet}>
          {[patientFacts(patient), patient.id_number].filter(Boolean).join(' · ')}
        </p>
        {item.merged_into ? (
          <Alert
            type="info"
            showIcon
            title={t('mergedAway')}
            action={<Link to={`/care/patients/${item.merged_into}`}>{t('patientPage')}</Link>}
          />
        ) : null}
      </section>
      <section className={page.card}>
        <h2 className={page.subtitle}>{t('patientStudies')}</h2>
        {item.studies.length === 0 ? <Empty small title={t('noStudies')} teach="" /> : null}
        <div className={styles.cards}>
          {item.studies.map((study) => (
            <StudyCard key={study.id} study={study} extra={<Move study={study} />} />
          ))}
        </div>
      </section>
      <section className={page.card}>
        <h2 className={page.subtitle}>{t('history')}</h2>
        {item.history.length === 0 ? <p className={page.quiet}>{t('noHistory')}</p> : null}
        <ul className={styles.rows}>
          {item.history.map((change) => (
            <li key={change.id}>
              <Change change={change} />
            </li>
          ))}
        </ul>
      </section>
    </>
  )
}

function Move({ study }: { study: StudyOut }) {
  const t = useMoveWords()
  const [moving, setMoving] = useState(false)
  return (
    <>
      <Button size="small" onClick={() => setMoving(true)}>
        {t('move')}
      </Button>
      <MoveDialog studyId={study.id} open={moving} onClose={() => setMoving(false)} />
    </>
  )
}
