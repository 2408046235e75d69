/** For whom a case is kept that nobody has begun: name, who said so, since when, and if online. */
import { PushpinFilled } from '@ant-design/icons'
import { OnlineDot } from '../live/OnlineDot'
import { useNow } from '../shared/now'
import type { RequestRow } from '../shared/schema'
import { agoWords, exactWords } from '../shared/times'
import styles from './Holder.module.css'
import { useWords } from './words'

export function Keeper({ row }: { row: Pick<RequestRow, 'scheduled_performer'> }) {
  const t = useWords()
  const now = useNow()
  const kept = row.scheduled_performer
  if (!kept) return null
  const own = kept.by === 'self'
  const given = kept.by === 'rule' ? 'ruledTo' : 'assignedTo'
  const span = agoWords(Date.parse(kept.since), now)
  return (
    <span className={styles.holder} title={exactWords(kept.since)}>
      <PushpinFilled aria-hidden />{' '}
      {kept.mine
        ? t(own ? 'reservedMine' : 'assignedMine', { span })
        : t(own ? 'reservedBy' : given, { who: kept.name, span })}{' '}
      {kept.mine ? null : <OnlineDot person={kept.person_id} />}
    </span>
  )
}
