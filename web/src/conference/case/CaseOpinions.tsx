/** What the experts signed about the case, beside its records, as far as it is one's to read. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton, Tag } from 'antd'
import { caseOpinionsQuery } from '../../opinions/api'
import { OpinionText } from '../../opinions/OpinionText'
import { Empty } from '../../shared/Empty'
import { Moment } from '../../shared/Moment'
import { ProblemNotice } from '../../shared/ProblemNotice'
import type { OpinionOut } from '../../shared/schema'
import { pick } from '../../shared/words'
import styles from './CasePanel.module.css'
import { useWords } from './words'

/** Asked of the case, signed or still to come; who declined or was withdrawn is not shown here. */
const SHOWN: readonly OpinionOut['state'][] = ['asked', 'accepted', 'signed', 'consolidated']

export function CaseOpinions({ request, service }: { request: string; service: string }) {
  const t = useWords()
  const { data, error, refetch } = useQuery(caseOpinionsQuery(request))
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton active className={styles.wait} />
  const shown = data.items.filter((one) => SHOWN.includes(one.state))
  if (shown.length === 0) return <Empty title={t('noOpinions')} teach={t('noOpinionsTeach')} />
  return (
    <ol className={styles.opinions} aria-label={t('opinions')}>
      {shown.map((one) => (
        <li key={one.id}>
          <p className={styles.by}>
            <b>{one.person.name}</b>
            <span className={styles.who}>
              {pick(one.person.title)} · {one.institution.short_name}
            </span>
            {one.role === 'chair' ? <Tag>{pick(one.role_words)}</Tag> : null}
            <span className={styles.gap} />
            <span className={styles.who}>
              {pick(one.state_words)}
              {one.signed_at ? (
                <>
                  {' '}
                  <Moment at={one.signed_at} />
                </>
              ) : null}
            </span>
          </p>
          {one.sha256 && one.content ? (
            <OpinionText content={one.content} service={service} />
          ) : one.state === 'signed' ? (
            <p className={styles.who}>{t('sealed')}</p>
          ) : null}
        </li>
      ))}
    </ol>
  )
}
