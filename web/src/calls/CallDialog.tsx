/** The caller's side: who is being rung, who was, and how it ends. */
import { PhoneOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Form, Modal, Result, Select, Space, Tag } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { providersQuery } from '../appointments/api'
import { useCatalogue } from '../requests/api'
import { useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestOut, UrgentCallIn, UrgentCallOut } from '../shared/schema'
import { pick } from '../shared/words'
import { callQuery, useCallStep, useMakeCall } from './api'
import styles from './calls.module.css'
import { secondsLeft } from './IncomingCall'
import { useWords } from './words'

/** The button that opens it; of a case, whoever was asked is called. */
export function CallNow({ item }: { item?: RequestOut }) {
  const t = useWords()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button icon={<PhoneOutlined />} onClick={() => setOpen(true)}>
        {t(item ? 'callNow' : 'now')}
      </Button>
      {open ? <CallDialog item={item} onClose={() => setOpen(false)} /> : null}
    </>
  )
}

function CallDialog({ item, onClose }: { item: RequestOut | undefined; onClose: () => void }) {
  const t = useWords()
  const make = useMakeCall()
  const call = make.data
  return (
    <Modal open title={t('title')} footer={null} width={480} onCancel={onClose}>
      {call ? (
        <Going
          key={call.id}
          id={call.id}
          onAgain={() => make.variables && make.mutate(make.variables)}
          onClose={onClose}
        />
      ) : (
        <>
          <p className={styles.more}>{t('teach')}</p>
          {make.error ? <ProblemNotice error={make.error} /> : null}
          <Wanted item={item} busy={make.isPending} onCall={(wanted) => make.mutate(wanted)} />
        </>
      )}
    </Modal>
  )
}

interface WantedProps {
  item: RequestOut | undefined
  busy: boolean
  onCall: (wanted: UrgentCallIn) => void
}

function Wanted({ item, busy, onCall }: WantedProps) {
  const t = useWords()
  const [form] = Form.useForm<{ service: string; provider: string }>()
  const catalogue = useCatalogue()
  const service = Form.useWatch('service', form) ?? item?.service ?? ''
  const offers = useQuery(providersQuery(service)).data?.items ?? []
  const services = catalogue?.services.filter((each) => each.live) ?? []
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={{ service: item?.service, provider: item?.provider?.id }}
      onFinish={(given: { service: string; provider: string }) =>
        onCall({
          service: given.service,
          provider_id: given.provider,
          request_id: item?.id ?? null,
          requester_id: null,
          minutes: 30,
        })
      }
    >
      <Form.Item name="service" label={t('service')} rules={[{ required: true }]}>
        <Select
          disabled={item !== undefined}
          options={services.map((each) => ({ value: each.code, label: pick(each.label) }))}
          onChange={() => form.setFieldsValue({ provider: undefined })}
        />
      </Form.Item>
      <Form.Item name="provider" label={t('provider')} rules={[{ required: true }]}>
        <Select
          disabled={item !== undefined}
          showSearch={{ optionFilterProp: 'label' }}
          options={offers.map(({ institution }) => ({
            value: institution.id,
            label: institution.name,
          }))}
        />
      </Form.Item>
      <Button type="primary" htmlType="submit" icon={<PhoneOutlined />} loading={busy}>
        {t('call')}
      </Button>
    </Form>
  )
}

function Going({ id, onAgain, onClose }: { id: string; onAgain: () => void; onClose: () => void }) {
  const t = useWords()
  const go = useNavigate()
  const { data: call } = useQuery({ ...callQuery(id), refetchInterval: 5000 })
  const step = useCallStep(id)
  if (call === undefined) return null
  return (
    <div aria-live="polite">
      {call.state === 'ringing' ? <Ringing call={call} /> : null}
      {call.state === 'answered' ? (
        <Result
          status="success"
          title={t('answered', { name: answeredBy(call) })}
          extra={
            <Button type="primary" onClick={() => void go(`/conference/${call.appointment_id}`)}>
              {t('enter')}
            </Button>
          }
        />
      ) : null}
      {call.state === 'exhausted' ? (
        <Result
          status="warning"
          title={t(call.rings.length > 0 ? 'exhausted' : 'nobody')}
          subTitle={t(call.rings.length > 0 ? 'exhaustedTeach' : 'nobodyTeach')}
          extra={<Button onClick={onAgain}>{t('again')}</Button>}
        />
      ) : null}
      {call.state === 'canceled' ? <p className={styles.more}>{t('canceled')}</p> : null}
      {step.error ? <ProblemNotice error={step.error} /> : null}
      <Rung call={call} />
      <Space>
        {call.allowed.includes('cancel') ? (
          <Button danger loading={step.isPending} onClick={() => step.mutate('cancel')}>
            {t('cancel')}
          </Button>
        ) : (
          <Button onClick={onClose}>{t('close')}</Button>
        )}
      </Space>
    </div>
  )
}

function Ringing({ call }: { call: UrgentCallOut }) {
  const t = useWords()
  const now = useNow(1000)
  const ring = call.rings.find((each) => each.state === 'ringing')
  if (ring === undefined) return <p className={styles.who}>{t('next')}</p>
  const left = secondsLeft(ring.until, now)
  return (
    <>
      <p className={styles.who}>
        {t('calling', { name: ring.person.name, title: pick(ring.person.title) })}
      </p>
      <p className={styles.more}>{left > 0 ? t('left', { n: left }) : t('next')}</p>
    </>
  )
}

const COLORS: Record<string, string> = { ringing: 'processing', answered: 'success' }

function Rung({ call }: { call: UrgentCallOut }) {
  const t = useWords()
  return (
    <ol className={styles.rings}>
      {call.rings.map((ring) => (
        <li key={ring.n} className={styles.ring}>
          <span className={styles.name}>
            {ring.person.name}（{pick(ring.person.title)}
            {ring.on_duty ? ` · ${t('onDuty')}` : ''}）
          </span>
          <Tag color={COLORS[ring.state] ?? 'default'}>{pick(ring.state_words)}</Tag>
        </li>
      ))}
    </ol>
  )
}

function answeredBy(call: UrgentCallOut): string {
  return call.rings.find((ring) => ring.state === 'answered')?.person.name ?? ''
}
