/** Whom to ask: only where an agreement is in force, with how soon an answer may be expected. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { Empty } from '../shared/Empty'
import { LikelySpan } from '../shared/ExpectedTime'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { Destination } from '../shared/schema'
import { spanWords } from '../shared/times'
import { destinationsQuery } from './api'
import styles from './DestinationChoice.module.css'
import type { BlockProps } from './FormPage'
import { useWords } from './formWords'

export function DestinationChoice({ item, draft, change }: BlockProps) {
  const t = useWords()
  const offers = useQuery(destinationsQuery(item.service, item.id))
  if (offers.error)
    return <ProblemNotice error={offers.error} onRetry={() => void offers.refetch()} />
  if (!offers.data) return <Skeleton active title={false} />
  if (offers.data.items.length === 0)
    return <Empty small title={t('noDestination')} teach={t('noDestinationTeach')} />
  return (
    <div
      className={styles.offers}
      role="radiogroup"
      aria-label={t('destination')}
      id="field-provider"
    >
      {offers.data.items.map((offer) => (
        <Offer
          key={offer.agreement_id}
          offer={offer}
          urgency={draft.urgency}
          chosen={draft.providerId === offer.institution.id}
          onChosen={() => change((now) => ({ ...now, providerId: offer.institution.id }))}
        />
      ))}
    </div>
  )
}

interface OfferProps {
  offer: Destination
  urgency: string
  chosen: boolean
  onChosen: () => void
}

function Offer({ offer, urgency, chosen, onChosen }: OfferProps) {
  const t = useWords()
  const minutes = offer.typical_minutes[urgency]
  return (
    <label className={`${styles.offer} ${chosen ? styles.chosen : ''}`}>
      <input type="radio" name="provider" checked={chosen} onChange={onChosen} />
      <span className={styles.name}>{offer.institution.name}</span>
      <span className={styles.soon}>
        {minutes === undefined ? '' : t('answerIn', { span: spanWords(minutes * 60_000) })}
      </span>
      <span className={styles.more}>
        <LikelySpan likely={offer.expected[urgency]} />
        {' · '}
        {offer.rank === 1 ? `${t('first')} · ` : ''}
        {t('open', { n: offer.open_requests })} · {t('until', { date: offer.until.slice(0, 10) })}
      </span>
    </label>
  )
}
