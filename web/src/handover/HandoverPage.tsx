/** The hand-over of a shift: what I have open and what becomes of it; sheets to accept and print. */
import { PrinterOutlined, WarningFilled } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Form, Input, Modal, Segmented, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { useMay } from '../session/session'
import { Clock } from '../shared/Clock'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { HandedOut, HandoverDraft, HandoverOut } from '../shared/schema'
import { UrgencyTag } from '../shared/tags'
import { momentWords } from '../shared/times'
import { acceptSheet, draftQuery, sheetsQuery, signSheet } from './api'
import styles from './HandoverPage.module.css'
import { useWords } from './words'

const FIGURES = ['waiting', 'pressing', 'overdue', 'held'] as const

export function HandoverPage() {
  const t = useWords()
  const writes = useMay('write-reports')
  const draft = useQuery({ ...draftQuery, enabled: writes })
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <h1 className={styles.title}>{t('title')}</h1>
        <Link to="/work">{t('back')}</Link>
      </header>
      {draft.error ? <ProblemNotice error={draft.error} /> : null}
      {draft.data ? <Draft draft={draft.data} /> : writes ? <Skeleton active /> : null}
      <Sheets />
    </main>
  )
}

type Said = Record<string, { deed: HandedOut['deed']; note: string }>

function Draft({ draft }: { draft: HandoverDraft }) {
  const t = useWords()
  const { message } = App.useApp()
  const [said, setSaid] = useState<Said>({})
  const [form] = Form.useForm<{ to_id: string; remark?: string; password: string }>()
  const of = (line: HandedOut) => said[line.request_id] ?? { deed: line.deed, note: '' }
  const sign = useMutation({
    mutationFn: (given: { to_id: string; remark?: string; password: string }) =>
      signSheet({
        ...given,
        remark: given.remark ?? '',
        cases: draft.cases.map((line) => ({ request_id: line.request_id, ...of(line) })),
      }),
    onSuccess: () => {
      form.resetFields()
      setSaid({})
      void message.success(t('signedDone'))
    },
  })
  return (
    <section className={styles.block} aria-label={t('mine')}>
      <dl className={styles.figures} aria-label={t('queue')}>
        {FIGURES.map((key) => (
          <div key={key} className={key === 'overdue' && draft.queue[key] ? styles.bad : ''}>
            <dt>{t(key)}</dt>
            <dd>
              {key === 'overdue' && draft.queue[key] ? <WarningFilled aria-hidden /> : null}{' '}
              {draft.queue[key]}
            </dd>
          </div>
        ))}
      </dl>
      <h2 className={styles.sub}>{t('mine')}</h2>
      {draft.cases.length === 0 ? <Empty small title={t('none')} teach={t('noneTeach')} /> : null}
      <ul className={styles.lines}>
        {draft.cases.map((line) => (
          <Line
            key={line.request_id}
            line={line}
            said={of(line)}
            onSay={(next) => setSaid({ ...said, [line.request_id]: next })}
          />
        ))}
      </ul>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        className={styles.sign}
        onFinish={(given) => sign.mutate(given)}
      >
        <Form.Item name="to_id" label={t('to')} rules={[{ required: true, message: t('needTo') }]}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={draft.colleagues.map((each) => ({ value: each.id, label: each.name }))}
          />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('password')}
          rules={[{ required: true, message: t('needPassword') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item name="remark" label={t('remark')} className={styles.wide}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
        {sign.error ? (
          <div className={styles.wide}>
            <ProblemNotice error={sign.error} kept="" />
          </div>
        ) : null}
        <Button type="primary" htmlType="submit" loading={sign.isPending} className={styles.submit}>
          {t('sign')}
        </Button>
      </Form>
    </section>
  )
}

interface LineProps {
  line: HandedOut
  said: { deed: HandedOut['deed']; note: string }
  onSay: (next: LineProps['said']) => void
}

function Line({ line, said, onSay }: LineProps) {
  const t = useWords()
  const catalogue = useCatalogue()
  const held = line.state === 'reading' || line.state === 'aside'
  return (
    <li className={styles.line}>
      <div className={styles.what}>
        <UrgencyTag urgency={line.urgency} />
        <strong>{line.patient}</strong>
        <span>
          {serviceLabel(catalogue, line.service)} · {line.requester}
        </span>
        <span className={styles.more}>
          <Link to={`/read/${line.request_id}`}>{line.number}</Link> · {t(line.state)}
        </span>
        <Clock due={line.due_at} />
      </div>
      <div className={styles.choice}>
        {held ? (
          <Segmented
            aria-label={`${t('deed')} ${line.number}`}
            value={said.deed}
            onChange={(deed) => onSay({ ...said, deed })}
            options={(['pass', 'keep', 'release'] as const).map((value) => ({
              value,
              label: t(value),
            }))}
          />
        ) : null}
        <Input
          className={styles.note}
          aria-label={`${t('note')} ${line.number}`}
          placeholder={t('note')}
          maxLength={500}
          value={said.note}
          onChange={(event) => onSay({ ...said, note: event.target.value })}
        />
      </div>
    </li>
  )
}

function Sheets() {
  const t = useWords()
  const { data } = useQuery(sheetsQuery)
  const [taking, setTaking] = useState<HandoverOut | null>(null)
  if (!data) return null
  return (
    <section className={styles.block} aria-label={t('sheets')}>
      <h2 className={styles.sub}>{t('sheets')}</h2>
      {data.items.length === 0 ? (
        <Empty small title={t('noSheets')} teach={t('noSheetsTeach')} />
      ) : null}
      <ul className={styles.lines}>
        {data.items.map((sheet) => (
          <Sheet key={sheet.id} sheet={sheet} onTake={() => setTaking(sheet)} />
        ))}
      </ul>
      <Accept sheet={taking} onClose={() => setTaking(null)} />
    </section>
  )
}

function Sheet({ sheet, onTake }: { sheet: HandoverOut; onTake: () => void }) {
  const t = useWords()
  const now = useNow(60_000)
  const left = sheet.cases.filter((line) => line.outcome && line.outcome !== 'taken').length
  return (
    <li className={styles.line}>
      <div className={styles.what}>
        <strong>{t('fromTo', { from: sheet.outgoing.name, to: sheet.incoming.name })}</strong>
        <span className={styles.more}>
          <Moment at={sheet.signed_at} /> · {t('cases', { n: sheet.cases.length })} ·{' '}
          {sheet.accepted_at
            ? t('accepted', { at: momentWords(sheet.accepted_at, now) })
            : t('signed')}
          {left > 0 ? ` · ${t('notTaken')} ${left}` : ''}
        </span>
        {sheet.genuine ? null : <Alert type="error" showIcon title={t('forged')} />}
      </div>
      <div className={styles.choice}>
        {sheet.may_accept ? (
          <Button type="primary" onClick={onTake}>
            {t('accept')}
          </Button>
        ) : null}
        <Button
          icon={<PrinterOutlined />}
          href={`/api/handovers/${sheet.id}/sheet.pdf`}
          target="_blank"
        >
          {t('print')}
        </Button>
      </div>
    </li>
  )
}

function Accept({ sheet, onClose }: { sheet: HandoverOut | null; onClose: () => void }) {
  const t = useWords()
  const [form] = Form.useForm<{ password: string }>()
  const accept = useMutation({
    mutationFn: ({ password }: { password: string }) => acceptSheet(sheet?.id ?? '', password),
    onSuccess: onClose,
  })
  return (
    <Modal
      open={sheet !== null}
      title={sheet ? t('fromTo', { from: sheet.outgoing.name, to: sheet.incoming.name }) : ''}
      okText={t('accept')}
      okButtonProps={{ loading: accept.isPending, htmlType: 'submit', form: 'accept' }}
      onCancel={onClose}
      destroyOnHidden
    >
      <ul>
        {sheet?.cases.map((line) => (
          <li key={line.request_id}>
            {line.patient} {line.number} · {t(line.deed)}
            {line.note ? ` · ${line.note}` : ''}
          </li>
        ))}
      </ul>
      {sheet?.remark ? <p>{sheet.remark}</p> : null}
      <Form
        id="accept"
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => accept.mutate(given)}
      >
        <Form.Item
          name="password"
          label={t('password')}
          rules={[{ required: true, message: t('needPassword') }]}
        >
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
      </Form>
      {accept.error ? <ProblemNotice error={accept.error} kept="" /> : null}
    </Modal>
  )
}
