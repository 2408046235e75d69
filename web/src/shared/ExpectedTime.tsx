/** When an answer is likely: a span that holds four times of five, and how it is known. */
import { LineChartOutlined } from '@ant-design/icons'
import styles from './CaseClock.module.css'
import { serverNow, useNow } from './now'
import type { ExpectedOut, LikelyOut } from './schema'
import { exactWords, hourWords, momentWords, spanWords } from './times'
import { defineWords } from './words'

const { useWords, say } = defineWords('expected', {
  between: ['预计 {{low}}–{{high}} 答复', 'answer likely {{low}}–{{high}}'],
  unknown: ['同类病例太少，无法预计答复时间', 'too few cases like it to say when'],
  why: [
    '依据 {{n}} 例同类病例：五例中四例在此时段内；一半在 {{mid}} 前。前面有 {{ahead}} 例。',
    'From {{n}} cases like it: four of five come in this time, half by {{mid}}. {{ahead}} lay before it.',
  ],
  after: ['现在发送，多在 {{low}}–{{high}}后答复', 'sent now, likely after {{low}}–{{high}}'],
})

export function ExpectedTime({ expected }: { expected: ExpectedOut | null }) {
  const t = useWords()
  const now = useNow(60_000)
  if (expected === null) return null
  const { low, mid, high } = expected
  if (!low || !mid || !high) return <span className={styles.rest}>{t('unknown')}</span>
  const begins = Math.max(Date.parse(low), now)
  const sameDay = exactWords(low).slice(0, 10) === exactWords(high).slice(0, 10)
  const title = say('why', {
    n: expected.cases,
    mid: momentWords(mid, serverNow()),
    ahead: expected.ahead,
  })
  return (
    <span className={styles.rest} title={title}>
      <LineChartOutlined aria-hidden />{' '}
      {t('between', {
        low: momentWords(new Date(begins).toISOString(), now),
        high: sameDay ? hourWords(high) : momentWords(high, now),
      })}
    </span>
  )
}

/** The same before anything is sent. */
export function LikelySpan({ likely }: { likely: LikelyOut | undefined }) {
  const t = useWords()
  if (likely === undefined) return <>{t('unknown')}</>
  return (
    <>{t('after', { low: spanWords(likely.low * 1000), high: spanWords(likely.high * 1000) })}</>
  )
}
