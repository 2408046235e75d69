/** What nobody here could take and went to others: each can still be asked why. */
import { useQuery } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { GoneOut } from '../shared/schema'
import { UrgencyTag } from '../shared/tags'
import { pick } from '../shared/words'
import styles from './Assignment.module.css'
import { goneQuery } from './api'
import { Decisions } from './Decisions'
import { useWords } from './words'

export function Gone() {
  const t = useWords()
  const { data, error, refetch } = useQuery(goneQuery)
  const [asked, setAsked] = useState<GoneOut | null>(null)
  return (
    <>
      <h3 className={styles.sub}>{t('gone')}</h3>
      <p className={styles.teach}>{t('goneTeach')}</p>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active title={false} /> : null}
      {data?.items.length === 0 ? <p>{t('goneNone')}</p> : null}
      <ul className={styles.lines}>
        {data?.items.map((each) => (
          <GoneLine key={each.request_id} each={each} onAsk={() => setAsked(each)} />
        ))}
      </ul>
      {asked ? (
        <Decisions
          id={asked.request_id}
          number={asked.number}
          open
          onClose={() => setAsked(null)}
        />
      ) : null}
    </>
  )
}

function GoneLine({ each, onAsk }: { each: GoneOut; onAsk: () => void }) {
  const t = useWords()
  const catalogue = useCatalogue()
  return (
    <li className={styles.line}>
      <span className={styles.gone}>
        <span>
          {each.number} <UrgencyTag urgency={each.urgency} />
        </span>
        <span className={styles.by}>
          {serviceLabel(catalogue, each.service)} · {pick(each.label)}{' '}
          {each.provider?.short_name || each.provider?.name}
        </span>
      </span>
      <span className={styles.by}>
        <Moment at={each.at} />
      </span>
      <Button size="small" type="link" onClick={onAsk}>
        {t('decisions')}
      </Button>
    </li>
  )
}
