/** What somebody says of a lecture, once; and what all of them said, for those who gave it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Input, Rate } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { LectureOut } from '../shared/schema'
import { pick } from '../shared/words'
import { feedbackQuery, giveFeedback } from './api'
import styles from './training.module.css'
import { useWords } from './words'

const ITEMS = ['content', 'lecturer', 'time', 'line'] as const

export function Feedback({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const [marks, setMarks] = useState<Record<string, number>>({})
  const [words, setWords] = useState('')
  const send = useMutation({ mutationFn: () => giveFeedback(lecture.id, { marks, words }) })
  const whole = ITEMS.every((item) => (marks[item] ?? 0) > 0)
  if (lecture.mine?.feedback_given)
    return <Alert type="success" showIcon title={t('feedbackDone')} />
  return (
    <section className={`${page.card} ${styles.stack}`}>
      <h2 className={page.subtitle}>{t('feedback')}</h2>
      <p className={page.quiet}>{t('feedbackTeach')}</p>
      <div className={styles.marks}>
        {ITEMS.map((item) => (
          <Line key={item} label={t(item)}>
            <Rate
              aria-label={t(item)}
              value={marks[item] ?? 0}
              onChange={(value) => setMarks({ ...marks, [item]: value })}
            />
          </Line>
        ))}
      </div>
      <Input.TextArea
        aria-label={t('words')}
        placeholder={t('words')}
        autoSize={{ minRows: 2, maxRows: 6 }}
        maxLength={1000}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <div className={styles.bar}>
        <Button
          type="primary"
          disabled={!whole}
          loading={send.isPending}
          onClick={() => send.mutate()}
        >
          {t('send')}
        </Button>
        {whole ? null : <span className={page.quiet}>{t('markAll')}</span>}
      </div>
      {send.error ? <ProblemNotice error={send.error} /> : null}
    </section>
  )
}

export function FeedbackRead({ id }: { id: string }) {
  const t = useWords()
  const { data, error, refetch } = useQuery(feedbackQuery(id))
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (data === undefined) return null
  return (
    <section className={`${page.card} ${styles.stack}`}>
      <h2 className={page.subtitle}>{t('feedback')}</h2>
      {data.count < data.least ? (
        <p className={page.quiet}>{t('few', { n: data.count, least: data.least })}</p>
      ) : (
        <div className={styles.marks}>
          {data.items.map((one) => (
            <Line key={one.item} label={pick(one.words)}>
              <span className="tabular">{one.mean?.toFixed(1) ?? '—'}</span>
            </Line>
          ))}
        </div>
      )}
      {data.words.map((said) => (
        <p key={said} className={styles.text}>
          {said}
        </p>
      ))}
    </section>
  )
}

function Line({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <>
      <span>{label}</span>
      {children}
    </>
  )
}
