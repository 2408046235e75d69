/** The follow-ups of a case beside what was decided: what was said, and what is still to be said. */
import { CheckCircleFilled, ClockCircleOutlined, WarningFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { FollowUpOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import caseStyles from './CasePage.module.css'
import styles from './FollowUp.module.css'
import { followUpsQuery } from './followUps'
import { TwoTaps } from './TwoTaps'

const { useWords } = defineWords('follow-up', {
  title: ['随访', 'Follow-up'],
  day: ['{{n}} 天随访', 'Day {{n}}'],
  due: ['应于', 'due'],
  overdue: ['已超期', 'overdue'],
  correct: ['更正', 'Correct'],
  by: ['由{{who}}反馈', 'by {{who}}'],
  diagnosis: ['最终诊断更正为 {{text}}', 'final diagnosis now {{text}}'],
})

export function FollowUp({ item }: { item: RequestOut }) {
  const t = useWords()
  const answered = item.state === 'answered' || item.state === 'confirmed'
  const asked = useQuery({ ...followUpsQuery(item.id), enabled: answered })
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data?.items.length) return null
  return (
    <section className={page.card} aria-label={t('title')}>
      <h2 className={caseStyles.heading}>{t('title')}</h2>
      <ul className={styles.list}>
        {asked.data.items.map((one) => (
          <li key={one.id}>
            <One one={one} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function One({ one }: { one: FollowUpOut }) {
  const t = useWords()
  const [correcting, correct] = useState(false)
  const asks = one.allowed.includes('answer') || correcting
  return (
    <>
      <div className={styles.head}>
        <strong>{t('day', { n: one.days })}</strong>
        <State one={one} />
        {one.allowed.includes('correct') && !correcting ? (
          <Button type="link" size="small" onClick={() => correct(true)}>
            {t('correct')}
          </Button>
        ) : null}
      </div>
      {one.outcome && !correcting ? <Said one={one} /> : null}
      {asks ? <TwoTaps one={one} onDone={() => correct(false)} /> : null}
    </>
  )
}

export function State({ one }: { one: FollowUpOut }) {
  const t = useWords()
  if (one.state === 'done')
    return (
      <span className={styles.done}>
        <CheckCircleFilled aria-hidden /> {pick(one.state_words)}
      </span>
    )
  const late = one.overdue || one.state === 'lapsed'
  return (
    <span className={late ? styles.late : styles.open}>
      {late ? <WarningFilled aria-hidden /> : <ClockCircleOutlined aria-hidden />}{' '}
      {one.overdue ? t('overdue') : pick(one.state_words)}
      {one.state === 'dropped' ? null : (
        <>
          {' · '}
          {t('due')} <Moment at={one.due_at} />
        </>
      )}
    </span>
  )
}

function Said({ one }: { one: FollowUpOut }) {
  const t = useWords()
  return (
    <p className={styles.said}>
      {[one.outcome, one.advice].map((code) => (code ? pick(code.label) : '')).join(' · ')}
      {one.diagnosis
        ? ` · ${t('diagnosis', { text: [one.diagnosis.name, one.diagnosis.code].filter(Boolean).join(' ') })}`
        : ''}
      {one.note ? ` · ${one.note}` : ''}
      <span className={styles.who}>
        <Moment at={one.answered_at} /> {t('by', { who: one.answered_by ?? '—' })}
      </span>
    </p>
  )
}
