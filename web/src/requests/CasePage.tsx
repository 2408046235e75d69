/** One case as the requesting side lives it: what is asked of me, the report, the story, the form. */
import { EditOutlined, FilePdfOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Skeleton } from 'antd'
import { type ReactNode, useState } from 'react'
import { Link, useParams } from 'react-router'
import { ActedOn } from '../app/ActedOn'
import { Acknowledgement } from '../app/CriticalDialog'
import { ApprovalStory } from '../approvals/ApprovalStory'
import { useWords as useApprovalWords } from '../approvals/words'
import { CallNow } from '../calls/CallDialog'
import { GuidanceBlock } from '../guidance/GuidanceBlock'
import { CaseTimes } from '../opinions/CaseTimes'
import { ChecklistBlock } from '../opinions/ChecklistBlock'
import { OpinionsBlock } from '../opinions/OpinionsBlock'
import { pdfAddress, reportQuery } from '../reports/api'
import { CriticalChain } from '../reports/CriticalChain'
import { ReportView } from '../reports/ReportView'
import { useMe } from '../session/session'
import { CaseClock } from '../shared/CaseClock'
import { Empty } from '../shared/Empty'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { RequestOut } from '../shared/schema'
import { CriticalTag, StatusTag, UrgencyTag } from '../shared/tags'
import { defineWords, pick } from '../shared/words'
import { StudyCard, viewerAddress } from '../studies/StudyCard'
import { Accompanied } from './Accompanied'
import { caseQuery, useCatalogue, useService } from './api'
import { CaseLinks, GoesOn } from './CaseLinks'
import styles from './CasePage.module.css'
import { Charge } from './Charge'
import { ConfirmPanel } from './ConfirmPanel'
import { Evaluation } from './Evaluation'
import { FollowUp } from './FollowUp'
import { ImageChanges } from './ImageChanges'
import { examLabel, reasonLabel, serviceLabel } from './names'
import { PassOn } from './PassOn'
import { RequestContent } from './RequestContent'
import { type DialogStep, StepDialog } from './StepDialog'
import { Story } from './Story'
import { TurnStrip } from './TurnStrip'

const { useWords } = defineWords('case', {
  report: ['诊断报告', 'Report'],
  pdf: ['打印版 PDF', 'Printable PDF'],
  pending: ['{{what}}还没有签发', '{{what}}: not issued yet'],
  pendingTeach: [
    '专家签发后会立即出现在这里，无需刷新。',
    'It appears here the moment it is signed; no reload needed.',
  ],
  story: ['经过', 'Story'],
  asked: ['申请内容', 'What was asked'],
  studies: ['检查资料', 'Studies'],
  noStudies: ['没有附检查资料', 'No study attached'],
  edit: ['补充资料', 'Add what is missing'],
  goOn: ['继续填写', 'Go on writing'],
  reassign: ['改投或修改', 'Ask elsewhere or change'],
  withdraw: ['撤回申请', 'Withdraw'],
  returned: ['已退回，请补充：{{reason}}', 'Returned: {{reason}}'],
  declined: ['已婉拒：{{reason}}', 'Declined: {{reason}}'],
  critical: ['危急值：{{finding}}', 'Critical: {{finding}}'],
  acting: ['危急值待登记处置：{{finding}}', 'Critical, enter what was done: {{finding}}'],
  to: ['{{from}} → {{to}}', '{{from}} → {{to}}'],
  adopted: ['已反馈：采纳', 'Feedback: adopted'],
  partly: ['已反馈：部分采纳', 'Feedback: partly adopted'],
  not_adopted: ['已反馈：未采纳', 'Feedback: not adopted'],
  finalDiagnosis: ['最终诊断：{{text}}', 'Final diagnosis: {{text}}'],
  viewAll: ['打开全部影像', 'Open all images'],
})

export function CasePage() {
  const { id = '' } = useParams()
  const one = useQuery(caseQuery(id))
  if (one.error)
    return (
      <main className={page.page}>
        <ProblemNotice error={one.error} onRetry={() => void one.refetch()} />
      </main>
    )
  if (!one.data)
    return (
      <main className={page.page}>
        <Skeleton active />
        <Skeleton active paragraph={{ rows: 8 }} />
      </main>
    )
  return <Case item={one.data} />
}

function Case({ item }: { item: RequestOut }) {
  const t = useWords()
  return (
    <main className={page.page}>
      <Head item={item} />
      <CaseLinks item={item} />
      <TurnStrip item={item} />
      <AskedOfMe item={item} />
      <ImageChanges item={item} />
      <div className={styles.columns}>
        <div className={styles.main}>
          {item.state === 'withdrawn' || item.state === 'awaiting' ? null : <Report item={item} />}
          <GuidanceBlock item={item} />
          <OpinionsBlock item={item} />
          <FollowUp item={item} />
          <Evaluation item={item} />
          <section className={page.card}>
            <h2 className={styles.heading}>{t('asked')}</h2>
            <RequestContent item={item} />
          </section>
        </div>
        <div className={styles.side}>
          <Accompanied item={item} />
          <Charge item={item} />
          <section className={page.card}>
            <h2 className={styles.heading}>{t('story')}</h2>
            <Story item={item} />
          </section>
          <ApprovalStory item={item} />
          <ChecklistBlock item={item} />
          <CaseTimes item={item} />
          <Studies item={item} />
        </div>
      </div>
    </main>
  )
}

function Head({ item }: { item: RequestOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [step, setStep] = useState<DialogStep | null>(null)
  const service = useService(item.service)
  const books = useMe().permissions.includes('book-appointments')
  const editing = item.allowed.includes('edit')
  const editWord = item.state === 'draft' ? 'goOn' : item.state === 'declined' ? 'reassign' : 'edit'
  return (
    <header className={styles.head}>
      <div className={styles.who}>
        <h1 className={styles.patient}>
          <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
        </h1>
        <StatusTag row={item} />
        <UrgencyTag urgency={item.urgency} />
        {item.critical ? <CriticalTag open={item.critical_open} /> : null}
        <CaseClock
          clock={item.clock}
          mine={
            item.relation === 'own'
              ? 'requester'
              : item.relation === 'provider'
                ? 'provider'
                : undefined
          }
        />
      </div>
      <p className={styles.more}>
        {item.number} · {serviceLabel(catalogue, item.service)} · {examLabel(catalogue, item)} ·{' '}
        {t('to', { from: item.requester.short_name, to: item.provider?.short_name ?? '—' })}
      </p>
      <div className={styles.actions}>
        {editing ? (
          <Link to={`/requests/${item.id}/edit`}>
            <Button type="primary" icon={<EditOutlined />} tabIndex={-1}>
              {t(editWord)}
            </Button>
          </Link>
        ) : null}
        {service?.meets && item.state === 'open' && item.relation === 'own' && books ? (
          <CallNow item={item} />
        ) : null}
        <GoesOn item={item} />
        {item.allowed.includes('withdraw') ? (
          <Button onClick={() => setStep('withdraw')}>{t('withdraw')}</Button>
        ) : null}
      </div>
      <StepDialog row={item} step={step} onClose={() => setStep(null)} />
    </header>
  )
}

/** Whatever waits for this side, before anything else. */
function AskedOfMe({ item }: { item: RequestOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const open = item.critical_notices.filter((notice) => notice.acknowledged_at === null)
  const me = useMe()
  const mine = item.relation === 'own' && me.permissions.includes('write-requests')
  const received = item.critical_notices.filter(
    (notice) => notice.acknowledged_at !== null && notice.acted_at === null,
  )
  const reason = item.step_reason
  const approval = useApprovalWords()
  const notApproved = [reasonLabel(catalogue, 'reject-approval', reason?.code), reason?.note]
    .filter(Boolean)
    .join('：')
  const why = [
    reasonLabel(
      catalogue,
      item.state === 'returned' ? 'return' : 'decline',
      reason?.code ?? reason?.reason,
    ),
    reason?.note,
  ]
    .filter(Boolean)
    .join('：')
  return (
    <>
      {item.allowed.includes('acknowledge')
        ? open.map((notice) => (
            <Alert
              key={notice.id}
              type="error"
              showIcon
              title={t('critical', { finding: pick(notice.label) })}
              description={<Acknowledgement item={item} notice={notice} />}
            />
          ))
        : null}
      {mine
        ? received.map((notice) => (
            <Alert
              key={notice.id}
              type="warning"
              showIcon
              title={t('acting', { finding: pick(notice.label) })}
              description={<ActedOn item={item} notice={notice} />}
            />
          ))
        : null}
      {mine ? <PassOn item={item} /> : null}
      {item.state === 'returned' ? (
        <Alert type="warning" showIcon title={t('returned', { reason: why })} />
      ) : null}
      {item.state === 'draft' && reason?.step === 'reject-approval' ? (
        <Alert type="warning" showIcon title={approval('returnedFrom', { reason: notApproved })} />
      ) : null}
      {item.state === 'declined' ? (
        <Alert type="warning" showIcon title={t('declined', { reason: why })} />
      ) : null}
    </>
  )
}

const ANSWERED = new Set(['answered', 'confirmed'])

function Report({ item }: { item: RequestOut }) {
  const t = useWords()
  const issued = ANSWERED.has(item.state)
  const report = useQuery({ ...reportQuery(item.id), enabled: issued })
  const service = useService(item.service)
  let shown: ReactNode = (
    <Empty
      small
      title={t('pending', { what: service ? pick(service.report_label) : t('report') })}
      teach={t('pendingTeach')}
    />
  )
  if (report.error)
    shown = <ProblemNotice error={report.error} onRetry={() => void report.refetch()} />
  else if (report.data) shown = <ReportView report={report.data} service={service} />
  else if (issued) shown = <Skeleton active paragraph={{ rows: 5 }} />
  return (
    <section className={page.card}>
      <div className={styles.reportHead}>
        <h2 className={styles.heading}>{service ? pick(service.report_label) : t('report')}</h2>
        {issued ? (
          <Button href={pdfAddress(item.id)} target="_blank" icon={<FilePdfOutlined />}>
            {t('pdf')}
          </Button>
        ) : null}
      </div>
      {shown}
      <div className={styles.chains}>
        <CriticalChain item={item} />
      </div>
      {item.allowed.includes('confirm') ? <ConfirmPanel id={item.id} /> : null}
      <Adoption item={item} />
    </section>
  )
}

function Adoption({ item }: { item: RequestOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const { adoption } = item
  if (adoption !== 'adopted' && adoption !== 'partly' && adoption !== 'not_adopted') return null
  return (
    <p className={adoption === 'adopted' ? styles.adoption : styles.notAdopted}>
      {t(adoption)}
      {adoption === 'not_adopted' && item.step_reason
        ? `（${[reasonLabel(catalogue, 'not-adopted', item.step_reason.code), item.step_reason.note].filter(Boolean).join('：')}）`
        : ''}
      {item.final_diagnosis
        ? ` · ${t('finalDiagnosis', { text: [item.final_diagnosis, item.final_diagnosis_code].filter(Boolean).join(' ') })}`
        : ''}
    </p>
  )
}

function Studies({ item }: { item: RequestOut }) {
  const t = useWords()
  const service = useService(item.service)
  // Where records are enough, a missing study is not worth a word.
  if (item.studies.length === 0 && service?.requires_study === false) return null
  return (
    <section className={page.card}>
      <div className={styles.reportHead}>
        <h2 className={styles.heading}>{t('studies')}</h2>
        {item.studies.length > 1 ? (
          <a
            href={viewerAddress(item.studies.map((study) => study.study_uid))}
            target="_blank"
            rel="noreferrer"
          >
            {t('viewAll')}
          </a>
        ) : null}
      </div>
      {item.studies.length === 0 ? <p className={page.quiet}>{t('noStudies')}</p> : null}
      <div className={styles.studies}>
        {item.studies.map((study) => (
          <StudyCard key={study.id} study={study} />
        ))}
      </div>
    </section>
  )
}
