/** The panel beside the pictures: what was asked, then the report in whatever state it is. */
import { DownOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Dropdown, Form, Input, Modal, Popconfirm, Radio, Skeleton } from 'antd'
import { useState } from 'react'
import { DrawTogether } from '../opinions/DrawTogether'
import { claim, useService } from '../requests/api'
import { ImageChanges } from '../requests/ImageChanges'
import { type DialogStep, StepDialog } from '../requests/StepDialog'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ReportOut, RequestOut } from '../shared/schema'
import { pick } from '../shared/words'
import { discardRevision, reportQuery, reviseReport, sendBack } from './api'
import { CriticalChain } from './CriticalChain'
import { Editor } from './Editor'
import { useWords } from './editorWords'
import styles from './ReportPanel.module.css'
import { ReportView } from './ReportView'
import { SignDialog } from './SignDialog'

export type Outcome = 'signed' | 'verified' | 'sent-back'

interface Props {
  item: RequestOut
  onFinished: (outcome: Outcome) => void
  /** The case has left this desk: returned, declined, passed on or released. */
  onLeft: () => void
}

export function ReportPanel({ item, onFinished, onLeft }: Props) {
  const report = useQuery(reportQuery(item.id))
  if (report.error)
    return <ProblemNotice error={report.error} onRetry={() => void report.refetch()} />
  if (!report.data) return <Skeleton active paragraph={{ rows: 10 }} />
  return (
    <section className={styles.panel}>
      <ImageChanges item={item} />
      <CriticalChain item={item} />
      <Steps item={item} report={report.data} onLeft={onLeft} />
      <DrawTogether item={item} writing={report.data.editable} />
      <Body item={item} report={report.data} onFinished={onFinished} />
    </section>
  )
}

interface BodyProps {
  item: RequestOut
  report: ReportOut
  onFinished: (outcome: Outcome) => void
}

function Body({ item, report, onFinished }: BodyProps) {
  const t = useWords()
  const service = useService(item.service)
  const draft = report.versions.find((version) => version.state === 'draft' && version.mine)
  if (report.editable && draft)
    return (
      <>
        {draft.number > 1 ? <ReportView report={report} service={service} /> : null}
        <Editor key={draft.id} item={item} draft={draft} onSigned={() => onFinished('signed')} />
        {draft.number > 1 ? <DropRevision id={item.id} /> : null}
      </>
    )
  const waiting = report.versions.some((version) => version.state === 'preliminary')
  return (
    <>
      {report.versions.some((version) => version.state !== 'draft') ? (
        <ReportView report={report} service={service} />
      ) : (
        <Empty small title={t('unwritten')} teach={t('unwrittenTeach')} />
      )}
      {report.may_verify ? <Verifying item={item} report={report} onFinished={onFinished} /> : null}
      {waiting && !report.may_verify ? (
        <Alert type="info" showIcon title={t('waitVerify')} />
      ) : null}
    </>
  )
}

function DropRevision({ id }: { id: string }) {
  const t = useWords()
  const drop = useMutation({ mutationFn: () => discardRevision(id) })
  return (
    <Popconfirm title={t('discard')} onConfirm={() => drop.mutate()}>
      <Button type="link" danger loading={drop.isPending}>
        {t('discard')}
      </Button>
    </Popconfirm>
  )
}

function Verifying({ item, report, onFinished }: BodyProps) {
  const t = useWords()
  const [signing, setSigning] = useState(false)
  const [returning, setReturning] = useState(false)
  const version = report.versions.find((each) => each.state === 'preliminary')
  return (
    <div className={styles.verifying}>
      <Button onClick={() => setReturning(true)}>{t('sendBack')}</Button>
      <Button type="primary" onClick={() => setSigning(true)}>
        {t('verify')}
      </Button>
      <SignDialog
        open={signing}
        how="verify"
        item={item}
        before={() => Promise.resolve()}
        revision={() => version?.revision ?? 0}
        onClose={() => setSigning(false)}
        onSigned={() => onFinished('verified')}
      />
      <SendBack
        open={returning}
        id={item.id}
        onClose={() => setReturning(false)}
        onDone={() => onFinished('sent-back')}
      />
    </div>
  )
}

interface SendBackProps {
  open: boolean
  id: string
  onClose: () => void
  onDone: () => void
}

function SendBack({ open, id, onClose, onDone }: SendBackProps) {
  const t = useWords()
  const [form] = Form.useForm<{ note: string }>()
  const back = useMutation({
    mutationFn: ({ note }: { note: string }) => sendBack(id, note),
    onSuccess: () => {
      onClose()
      onDone()
    },
  })
  return (
    <Modal
      open={open}
      title={t('sendBack')}
      okText={t('sendBack')}
      cancelText={t('cancel')}
      okButtonProps={{ loading: back.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => back.mutate(given)}
      >
        <Form.Item
          name="note"
          label={t('sendBackNote')}
          rules={[{ required: true, min: 2, whitespace: true, message: t('needNote') }]}
        >
          <Input.TextArea autoFocus autoSize={{ minRows: 3, maxRows: 8 }} maxLength={1000} />
        </Form.Item>
      </Form>
      {back.error ? <ProblemNotice error={back.error} /> : null}
    </Modal>
  )
}

const LEAVING: readonly DialogStep[] = ['return', 'release', 'decline', 'redirect']

interface StepsProps {
  item: RequestOut
  report: ReportOut
  onLeft: () => void
}

/** Everything that may be done with the case besides writing. */
function Steps({ item, report, onLeft }: StepsProps) {
  const t = useWords()
  const [step, setStep] = useState<DialogStep | null>(null)
  const [revising, setRevising] = useState(false)
  const service = useService(item.service)
  const steps = LEAVING.filter((each) => item.allowed.includes(each))
  return (
    <div className={styles.steps}>
      <h2 className={styles.title}>{service ? pick(service.report_label) : t('report')}</h2>
      <Holder item={item} onTakeOver={() => setStep('takeover')} />
      {report.may_revise ? (
        <Button size="small" onClick={() => setRevising(true)}>
          {t('revise')}
        </Button>
      ) : null}
      {steps.length > 0 ? (
        <Dropdown
          trigger={['click']}
          menu={{
            items: steps.map((each) => ({ key: each, label: t(each as 'return') })),
            onClick: ({ key }) => setStep(key as DialogStep),
          }}
        >
          <Button size="small">
            {t('more')} <DownOutlined aria-hidden />
          </Button>
        </Dropdown>
      ) : null}
      <StepDialog
        row={item}
        step={step}
        onClose={() => setStep(null)}
        onDone={(done) => done !== 'takeover' && onLeft()}
      />
      <Revise open={revising} id={item.id} onClose={() => setRevising(false)} />
    </div>
  )
}

/** Who has the case, and the way to it. */
function Holder({ item, onTakeOver }: { item: RequestOut; onTakeOver: () => void }) {
  const t = useWords()
  const take = useMutation({ mutationFn: () => claim(item.id, item.listed_to_watch) })
  if (item.allowed.includes('claim'))
    return (
      <>
        <span className={styles.quiet}>{t('notHeld')}</span>
        {item.listed_to_watch ? (
          <Popconfirm
            placement="topRight"
            title={t('guideNotWatch')}
            description={t('guideNotWatchTeach')}
            okText={t('claim')}
            cancelText={t('cancel')}
            onConfirm={() => take.mutate()}
          >
            <Button type="primary" loading={take.isPending}>
              {t('claim')}
            </Button>
          </Popconfirm>
        ) : (
          <Button type="primary" loading={take.isPending} onClick={() => take.mutate()}>
            {t('claim')}
          </Button>
        )}
        {take.error ? <ProblemNotice error={take.error} kept="" /> : null}
      </>
    )
  const writing = item.claim !== null && item.report_state !== 'preliminary'
  if (item.claim && !item.claim.mine && item.state === 'open' && writing)
    return (
      <>
        <span className={styles.quiet}>{t('heldBy', { who: item.claim.name })}</span>
        {item.allowed.includes('takeover') ? (
          <Button onClick={onTakeOver}>{t('takeover')}</Button>
        ) : null}
      </>
    )
  const kept = item.scheduled_performer
  if (kept && item.allowed.includes('takeover'))
    return (
      <>
        <span className={styles.quiet}>{t('keptFor', { who: kept.name })}</span>
        <Button onClick={onTakeOver}>{t('takeover')}</Button>
      </>
    )
  return null
}

function Revise({ open, id, onClose }: { open: boolean; id: string; onClose: () => void }) {
  const t = useWords()
  const [form] = Form.useForm<{ kind: 'addendum' | 'amendment'; reason: string }>()
  const kind = Form.useWatch('kind', form) ?? 'addendum'
  const begin = useMutation({
    mutationFn: (given: { kind: 'addendum' | 'amendment'; reason: string }) =>
      reviseReport(id, given.kind, given.reason),
    onSuccess: onClose,
  })
  return (
    <Modal
      open={open}
      title={t('revise')}
      okText={t('begin')}
      cancelText={t('cancel')}
      okButtonProps={{ loading: begin.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: 'addendum' }}
        onFinish={(given) => begin.mutate(given)}
      >
        <Form.Item name="kind" extra={t(`${kind}Hint`)}>
          <Radio.Group
            optionType="button"
            options={(['addendum', 'amendment'] as const).map((value) => ({
              value,
              label: t(value),
            }))}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, min: 2, whitespace: true, message: t('needNote') }]}
        >
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
      </Form>
      {begin.error ? <ProblemNotice error={begin.error} /> : null}
    </Modal>
  )
}
