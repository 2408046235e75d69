/** How far a number moved: arrow, sign, colour and word together; a dash says why it is one. */
import { ArrowDownOutlined, ArrowUpOutlined, MinusOutlined } from '@ant-design/icons'
import { Tooltip } from 'antd'
import styles from './ChangeMark.module.css'
import type { Against } from './columns'
import { type Change, DASH, signed, toneOf } from './numbers'
import { say, useWords } from './words'

interface Props {
  code: string
  change: Change
  against: Against
  /** Without the word: inside a column that says what it compares. */
  small?: boolean
}

const ARROWS = { '1': ArrowUpOutlined, '0': MinusOutlined, '-1': ArrowDownOutlined } as const
const WORDS = { '1': 'up', '0': 'same', '-1': 'down' } as const

export function ChangeMark({ code, change, against, small = false }: Props) {
  const t = useWords()
  if (!change.known)
    return (
      <Tooltip title={whyMissing(change, against)}>
        <span className={styles.missing}>
          {DASH}
          <span className="visually-hidden">{whyMissing(change, against)}</span>
        </span>
      </Tooltip>
    )
  const key = String(change.sign) as keyof typeof ARROWS
  const Arrow = ARROWS[key]
  const word = t(WORDS[key])
  return (
    <span className={`${styles.change} ${styles[toneOf(code, change)]}`}>
      <Arrow aria-hidden className={styles.arrow} />
      {change.text}
      <span className={small ? 'visually-hidden' : undefined}>{word}</span>
    </span>
  )
}

function whyMissing(change: Extract<Change, { known: false }>, against: Against): string {
  const year = against === 'previous_year'
  if (change.why === 'no-now') return say('noNow')
  if (change.why === 'no-before') return say(year ? 'noYear' : 'noBefore')
  const n = signed(change.difference ?? 0, 0)
  if (change.why === 'few-before') return say(year ? 'fewYear' : 'fewBefore', { n })
  return say(year ? 'zeroYear' : 'zeroBefore', { n })
}
