/** Who was asked about a case, where each stands, what they signed; one's own is written here. */
import {
  CheckCircleFilled,
  ClockCircleOutlined,
  CloseCircleOutlined,
  EditOutlined,
  UserAddOutlined,
} from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import { useState } from 'react'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { CaseOpinions, OpinionOut, RequestOut } from '../shared/schema'
import { momentWords } from '../shared/times'
import { pick } from '../shared/words'
import { AskDialog } from './AskDialog'
import { accept, caseOpinionsQuery } from './api'
import { NoLongerDialog } from './NoLongerDialog'
import { OpinionEditor } from './OpinionEditor'
import styles from './OpinionsBlock.module.css'
import { OpinionText } from './OpinionText'
import { useWords } from './words'

const LOOKS = {
  asked: ['default', ClockCircleOutlined],
  accepted: ['processing', EditOutlined],
  signed: ['success', CheckCircleFilled],
  consolidated: ['success', CheckCircleFilled],
  declined: ['error', CloseCircleOutlined],
  withdrawn: ['default', CloseCircleOutlined],
  lapsed: ['warning', CloseCircleOutlined],
} as const

export function OpinionsBlock({ item }: { item: RequestOut }) {
  const asked = useQuery({
    ...caseOpinionsQuery(item.id),
    enabled: item.state !== 'draft' && item.state !== 'awaiting',
  })
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data) return null
  if (asked.data.items.length === 0 && asked.data.allowed.length === 0) return null
  return <Block item={item} asked={asked.data} />
}

function Block({ item, asked }: { item: RequestOut; asked: CaseOpinions }) {
  const t = useWords()
  const [asking, setAsking] = useState(false)
  const may = asked.allowed.includes('ask')
  return (
    <section className={page.card} aria-label={t('title')}>
      <div className={styles.head}>
        <h2 className={styles.heading}>{t('title')}</h2>
        {may ? (
          <Button size="small" icon={<UserAddOutlined />} onClick={() => setAsking(true)}>
            {t('ask')}
          </Button>
        ) : null}
      </div>
      {asked.items.length === 0 ? <p className={page.quiet}>{t('noneTeach')}</p> : null}
      <ol className={styles.list}>
        {asked.items.map((one) => (
          <li key={one.id} className={styles.one}>
            <One item={item} one={one} />
          </li>
        ))}
      </ol>
      {asking ? <AskDialog item={item} onClose={() => setAsking(false)} /> : null}
    </section>
  )
}

function One({ item, one }: { item: RequestOut; one: OpinionOut }) {
  const t = useWords()
  const [colour, Icon] = LOOKS[one.state]
  const open = one.state === 'asked' || one.state === 'accepted'
  return (
    <>
      <div className={styles.who}>
        <strong>{one.person.name}</strong>
        <span className={styles.more}>
          {pick(one.person.title)} · {one.institution.short_name}
          {one.person.department ? ` · ${one.person.department}` : ''}
        </span>
        {one.role === 'chair' ? <Tag>{pick(one.role_words)}</Tag> : null}
        <Tag className={styles.state} color={colour} icon={<Icon aria-hidden />}>
          {pick(one.state_words)}
        </Tag>
      </div>
      <p className={styles.more}>
        {open ? t('due', { at: momentWords(one.due_at, serverNow()) }) : null}
        {one.late ? <span className={styles.late}> · {t('late')}</span> : null}
        {one.signed_at ? t('signedAt', { at: momentWords(one.signed_at, serverNow()) }) : null}
        {one.reason ? reasonWords(one) : null}
      </p>
      {one.question ? <p>{t('question', { text: one.question })}</p> : null}
      <Steps item={item} one={one} />
      <Said item={item} one={one} />
    </>
  )
}

/** What they write or wrote, as far as it is one's to read. */
function Said({ item, one }: { item: RequestOut; one: OpinionOut }) {
  const t = useWords()
  if (one.mine && one.allowed.includes('write'))
    return <OpinionEditor key={one.id} item={item} one={one} />
  if (one.content && one.sha256) return <OpinionText content={one.content} service={item.service} />
  return one.state === 'signed' ? <p className={styles.more}>{t('sealed')}</p> : null
}

function reasonWords(one: OpinionOut): string {
  return [one.reason?.words ? pick(one.reason.words) : '', one.reason?.note]
    .filter(Boolean)
    .join('：')
}

type Dialog = 'decline' | 'withdraw' | 'replace'
const DIALOGS = ['decline', 'withdraw', 'replace'] as const satisfies readonly Dialog[]

function Steps({ item, one }: { item: RequestOut; one: OpinionOut }) {
  const t = useWords()
  const [dialog, setDialog] = useState<Dialog | null>(null)
  const take = useMutation({ mutationFn: () => accept(one.id) })
  const steps = DIALOGS.filter((each) => one.allowed.includes(each))
  if (steps.length === 0 && !one.allowed.includes('accept')) return null
  return (
    <div className={styles.steps}>
      {one.allowed.includes('accept') ? (
        <Button size="small" type="primary" loading={take.isPending} onClick={() => take.mutate()}>
          {t('accept')}
        </Button>
      ) : null}
      {steps.map((each) => (
        <Button key={each} size="small" onClick={() => setDialog(each)}>
          {t(each)}
        </Button>
      ))}
      {take.error ? <ProblemNotice error={take.error} kept="" /> : null}
      {dialog === 'replace' ? (
        <AskDialog item={item} instead={one} onClose={() => setDialog(null)} />
      ) : dialog ? (
        <NoLongerDialog one={one} step={dialog} onClose={() => setDialog(null)} />
      ) : null}
    </div>
  )
}
