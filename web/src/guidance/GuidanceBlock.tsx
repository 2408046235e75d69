/** A guided operation on its case's page: the note, what is advised as it is said, the outcome. */
import { CheckCircleFilled, ClockCircleOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { useService } from '../requests/api'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { GuidanceOut, RequestOut } from '../shared/schema'
import { pick } from '../shared/words'
import { guidanceQuery, useGuidanceStep } from './api'
import styles from './GuidanceBlock.module.css'
import { Outcome } from './Outcome'
import { Timeline } from './Timeline'
import { useWords } from './words'

export function GuidanceBlock({ item }: { item: RequestOut }) {
  const service = useService(item.service)
  const guided = (service?.streams.length ?? 0) > 0 && item.state !== 'draft'
  const asked = useQuery({ ...guidanceQuery(item.id), enabled: guided })
  if (!guided) return null
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data || !service) return null
  return (
    <>
      <Note id={item.id} course={asked.data} />
      <Timeline id={item.id} course={asked.data} />
      <Outcome id={item.id} course={asked.data} form={service.outcome_form} />
    </>
  )
}

function Note({ id, course }: { id: string; course: GuidanceOut }) {
  const t = useWords()
  const step = useGuidanceStep(id)
  const mine = course.allowed.includes('acknowledge')
  const [open, setOpen] = useState(mine)
  const now = course.acknowledged.filter((one) => one.version === course.note.version)
  return (
    <section className={page.card} aria-label={t('note')}>
      <header className={styles.head}>
        <h2 className={styles.heading}>{t('note')}</h2>
        {open ? null : (
          <Button type="link" size="small" onClick={() => setOpen(true)}>
            {t('read')}
          </Button>
        )}
      </header>
      {open ? <p className={styles.note}>{pick(course.note)}</p> : null}
      <ul className={styles.sides}>
        {(['operating', 'guiding'] as const).map((side) => {
          const one = now.find((each) => each.side === side)
          return (
            <li key={side}>
              {one ? (
                <CheckCircleFilled className={styles.done} aria-hidden />
              ) : (
                <ClockCircleOutlined className={styles.quiet} aria-hidden />
              )}{' '}
              {t(side)}{' '}
              {one ? (
                <>
                  <strong>{one.person.name}</strong> {pick(one.person.title)}{' '}
                  <span className={styles.quiet}>
                    <Moment at={one.at} />
                  </span>
                </>
              ) : (
                <span className={styles.quiet}>{t('waiting')}</span>
              )}
            </li>
          )
        })}
      </ul>
      {step.error ? <ProblemNotice error={step.error} /> : null}
      {mine ? (
        <Button
          type="primary"
          loading={step.isPending}
          onClick={() => step.mutate({ step: 'acknowledge', version: course.note.version })}
        >
          {t('acknowledge')}
        </Button>
      ) : null}
    </section>
  )
}
