/** Who holds a case and how surely: name, since when, the age of the last heartbeat. */
import { LockFilled, LockOutlined, PauseCircleFilled, UnlockOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { OnlineDot } from '../live/OnlineDot'
import { useNow } from '../shared/now'
import type { ClaimOut } from '../shared/schema'
import { agoWords, exactWords, hourWords, spanWords } from '../shared/times'
import { holdersQuery } from './api'
import styles from './Holder.module.css'
import { useWords } from './words'

type Strength = 'firm' | 'weak' | 'ending'

/** A claim weakens as its lease runs out: what is left of it, as a third state each. */
export function strengthOf(seen: number, until: number, now: number): Strength {
  const left = (until - now) / Math.max(1, until - seen)
  return left > 0.6 ? 'firm' : left > 0.25 ? 'weak' : 'ending'
}

const LOCKS = { firm: LockFilled, weak: LockOutlined, ending: UnlockOutlined } as const

export function Holder({
  id,
  claim,
  full = false,
}: {
  id: string
  claim: ClaimOut
  full?: boolean
}) {
  const t = useWords()
  const now = useNow()
  const { data } = useQuery({ ...holdersQuery, enabled: !claim.mine })
  const fresh = data?.items.find((each) => each.request_id === id)
  const { seen_at, lease_until, aside_at } = fresh ?? claim
  const since = t('since', { span: agoWords(Date.parse(claim.since), now) })
  if (aside_at && lease_until)
    return (
      <span className={styles.holder} title={exactWords(aside_at)}>
        <PauseCircleFilled aria-hidden /> {claim.name} {full ? `· ${since} ` : ''}
        {t('asideUntil', { at: hourWords(lease_until) })}{' '}
        {claim.mine ? null : <OnlineDot person={claim.person_id} />}
      </span>
    )
  if (!seen_at || !lease_until)
    return (
      <span className={styles.holder}>
        <LockFilled aria-hidden /> {claim.name}
      </span>
    )
  const seen = Date.parse(seen_at)
  const strength = strengthOf(seen, Date.parse(lease_until), now)
  const Lock = LOCKS[strength]
  return (
    <span className={`${styles.holder} ${styles[strength]}`} title={exactWords(seen_at)}>
      <Lock aria-hidden /> {claim.name} {full ? `· ${since} ` : ''}·{' '}
      {t('heartbeat', { span: spanWords(Math.max(0, now - seen)) })}
      {strength === 'ending' ? ` · ${t('leaseEnding')}` : ''}{' '}
      {claim.mine ? null : <OnlineDot person={claim.person_id} />}
    </span>
  )
}
