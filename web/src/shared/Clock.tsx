/** A deadline as people say it, with the exact time on hover. Colour, shape and word together. */
import { ClockCircleOutlined, FireFilled, WarningFilled } from '@ant-design/icons'
import styles from './Clock.module.css'
import { useNow } from './now'
import { exactWords, untilWords } from './times'
import { defineWords } from './words'

const { useWords } = defineWords('clock', {
  due: ['应完成时间 {{at}}', 'Due {{at}}'],
  none: ['未计时', 'no deadline'],
})

export type Pressure = 'calm' | 'near' | 'over'

/** How pressing a deadline is: over, in the last quarter (at least 10 minutes), or calm. */
export function pressureOf(due: number, since: number | null, now: number): Pressure {
  if (now > due) return 'over'
  const allowance = since === null ? 0 : due - since
  return due - now <= Math.max(10 * 60_000, allowance / 4) ? 'near' : 'calm'
}

const ICONS = { calm: ClockCircleOutlined, near: WarningFilled, over: FireFilled } as const

interface Props {
  due: string | null | undefined
  /** When the waiting began: makes "near" proportional to the allowance. */
  since?: string | null
  /** More for the hover: by which rule. */
  note?: string
}

export function Clock({ due, since, note = '' }: Props) {
  const t = useWords()
  const now = useNow()
  if (!due) return <span className={styles.none}>{t('none')}</span>
  const at = Date.parse(due)
  const pressure = pressureOf(at, since ? Date.parse(since) : null, now)
  const Icon = ICONS[pressure]
  return (
    <time
      dateTime={due}
      title={[t('due', { at: exactWords(at) }), note].filter(Boolean).join('\n')}
      className={`${styles.clock} ${styles[pressure]}`}
    >
      <Icon aria-hidden /> {untilWords(at, now)}
    </time>
  )
}
