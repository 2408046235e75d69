/** The in-house approvals of a request: each step, who decided and when; one's own turn. */
import {
  CheckCircleFilled,
  ClockCircleOutlined,
  CloseCircleFilled,
  MinusCircleOutlined,
} from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import styles from '../opinions/OpinionsBlock.module.css'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { ApprovalOut, RequestOut } from '../shared/schema'
import { momentWords } from '../shared/times'
import { pick } from '../shared/words'
import { caseApprovalsQuery, recall } from './api'
import { Decide } from './Decide'
import { useWords } from './words'

const LOOKS = {
  waiting: ['processing', ClockCircleOutlined],
  approved: ['success', CheckCircleFilled],
  rejected: ['error', CloseCircleFilled],
  'passed over': ['default', MinusCircleOutlined],
  canceled: ['default', MinusCircleOutlined],
} as const

export function ApprovalStory({ item }: { item: RequestOut }) {
  const t = useWords()
  const found = useQuery({
    ...caseApprovalsQuery(item.id),
    enabled: item.relation === 'own' || item.relation === 'provider',
  })
  const back = useMutation({ mutationFn: () => recall(item.id) })
  if (found.error) return <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
  const steps = found.data?.items ?? []
  if (steps.length === 0) return null
  const last = Math.max(...steps.map((one) => one.round))
  return (
    <section className={page.card} aria-label={t('title')}>
      <div className={styles.head}>
        <h2 className={styles.heading}>{t('title')}</h2>
        {item.allowed.includes('recall') ? (
          <Button size="small" loading={back.isPending} onClick={() => back.mutate()}>
            {t('recall')}
          </Button>
        ) : null}
      </div>
      {back.error ? <ProblemNotice error={back.error} kept="" /> : null}
      <ol className={styles.list}>
        {steps
          .filter((one) => one.round === last || one.state === 'rejected')
          .map((one) => (
            <li key={one.id} className={styles.one}>
              <Step one={one} />
            </li>
          ))}
      </ol>
    </section>
  )
}

function Step({ one }: { one: ApprovalOut }) {
  const t = useWords()
  const [colour, Icon] = LOOKS[one.state]
  const why = [one.reason?.words ? pick(one.reason.words) : '', one.reason?.note]
    .filter(Boolean)
    .join('：')
  return (
    <>
      <div className={styles.who}>
        <strong>{pick(one.label)}</strong>
        {one.owed ? <Tag color="warning">{t('owed')}</Tag> : null}
        <Tag className={styles.state} color={colour} icon={<Icon aria-hidden />}>
          {pick(one.state_words)}
        </Tag>
      </div>
      {one.decided_at ? (
        <p className={styles.more}>
          {t('by', { who: one.decided_by ?? '', at: momentWords(one.decided_at, serverNow()) })}
          {why ? ` · ${why}` : ''}
        </p>
      ) : null}
      {one.allowed.length > 0 ? <Decide one={one} /> : null}
    </>
  )
}
