/** What both sides think of each other: mine to give, theirs once both are there. */
import { EyeInvisibleOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Rate } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { EvaluationOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { evaluationQuery, useEvaluate } from './aftercare'
import caseStyles from './CasePage.module.css'
import styles from './Evaluation.module.css'

const { useWords } = defineWords('evaluation', {
  title: ['双向评价', 'Evaluation'],
  requester: ['申请方的评价', 'By the requesting side'],
  provider: ['受邀方的评价', 'By the responding side'],
  none: ['尚未评价', 'Not given yet'],
  hidden: ['已评价，待双方都评价后公开', 'Given; shown once both are there'],
  until: ['公开前可修改，最晚', 'may be changed until it is shown, at the latest'],
  words: ['补充说明（可不填）', 'Words (optional)'],
  send: ['提交评价', 'Give it'],
  change: ['修改', 'Change'],
})

export function Evaluation({ item }: { item: RequestOut }) {
  const t = useWords()
  const answered = item.state === 'answered' || item.state === 'confirmed'
  const asked = useQuery({ ...evaluationQuery(item.id), enabled: answered })
  const [changing, change] = useState(false)
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  const both = asked.data
  if (!both?.items.length) return null
  return (
    <section className={page.card} aria-label={t('title')}>
      <h2 className={caseStyles.heading}>{t('title')}</h2>
      <div className={styles.sides}>
        {both.items.map((one) => {
          const mine = both.side === one.side && both.may_give
          return (
            <div key={one.side}>
              <h3 className={styles.side}>{t(one.side)}</h3>
              {mine && (changing || !one.given) ? (
                <Give id={item.id} one={one} onDone={() => change(false)} />
              ) : (
                <Said one={one} />
              )}
              {mine && one.given && !changing ? (
                <p className={styles.quiet}>
                  {t('until')} <Moment at={one.opens_at} />{' '}
                  <Button type="link" size="small" onClick={() => change(true)}>
                    {t('change')}
                  </Button>
                </p>
              ) : null}
            </div>
          )
        })}
      </div>
    </section>
  )
}

function Said({ one }: { one: EvaluationOut }) {
  const t = useWords()
  if (!one.given) return <p className={styles.quiet}>{t('none')}</p>
  if (!one.shown)
    return (
      <p className={styles.quiet}>
        <EyeInvisibleOutlined aria-hidden /> {t('hidden')}
      </p>
    )
  return (
    <>
      <dl className={styles.items}>
        {one.asked.map((code) => (
          <div key={code.code}>
            <dt>{pick(code.label)}</dt>
            <dd>
              <Rate disabled value={one.scores[code.code] ?? 0} className={styles.rate} />
              <span className={styles.figure}>{one.scores[code.code]}</span>
            </dd>
          </div>
        ))}
      </dl>
      {one.words ? <p className={styles.words}>{one.words}</p> : null}
    </>
  )
}

interface GiveProps {
  id: string
  one: EvaluationOut
  onDone: () => void
}

function Give({ id, one, onDone }: GiveProps) {
  const t = useWords()
  const give = useEvaluate(id)
  const [scores, setScores] = useState<Record<string, number>>(one.scores)
  const [words, setWords] = useState(one.words)
  const whole = one.asked.every((code) => (scores[code.code] ?? 0) > 0)
  return (
    <div className={styles.give}>
      <dl className={styles.items}>
        {one.asked.map((code) => (
          <div key={code.code}>
            <dt>{pick(code.label)}</dt>
            <dd>
              <Rate
                aria-label={pick(code.label)}
                allowClear={false}
                value={scores[code.code] ?? 0}
                className={styles.rate}
                onChange={(score) => setScores({ ...scores, [code.code]: score })}
              />
            </dd>
          </div>
        ))}
      </dl>
      <Input.TextArea
        value={words}
        maxLength={500}
        autoSize={{ minRows: 1, maxRows: 4 }}
        placeholder={t('words')}
        aria-label={t('words')}
        onChange={(event) => setWords(event.target.value)}
      />
      {give.error ? <ProblemNotice error={give.error} /> : null}
      <Button
        type="primary"
        disabled={!whole}
        loading={give.isPending}
        onClick={() => give.mutate({ scores, words }, { onSuccess: onDone })}
      >
        {t('send')}
      </Button>
    </div>
  )
}
