/** Why this case is not one's own to take: a sign and the sentence, whole on hover and aloud. */
import { StopOutlined } from '@ant-design/icons'
import { useMay } from '../session/session'
import type { RequestRow } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './WhyNot.module.css'
import { useWords } from './words'

export function WhyNot({ row, full = false }: { row: RequestRow; full?: boolean }) {
  const t = useWords()
  // Who moves work takes nothing: to them it says nothing.
  if (!useMay('write-reports') || !row.why_not) return null
  const why = t('whyNot', { why: pick(row.why_not) })
  return (
    <span className={`${styles.whyNot} ${full ? styles.full : ''}`} title={why}>
      <StopOutlined aria-hidden /> {why}
    </span>
  )
}
