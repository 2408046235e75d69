/** What the patient was asked separately: recording and teaching; without an answer it is no. */
import { useMutation } from '@tanstack/react-query'
import { App, Button, Form, Input, Radio, Select } from 'antd'
import { Moment } from '../../shared/Moment'
import { problemWords } from '../../shared/problem'
import type { ConsentIn, MinutesOut } from '../../shared/schema'
import { pick } from '../../shared/words'
import { enterConsent } from './api'
import styles from './MinutesPanel.module.css'
import { useWords } from './words'

type Asked = MinutesOut['consents'][number]
const RELATIONS = ['self', 'guardian', 'agent'] as const

export function Consents({ found }: { found: MinutesOut }) {
  const t = useWords()
  const enters = found.allowed.includes('consent')
  return (
    <div className={styles.scroll}>
      <p className={styles.more}>{t('noRecording')}</p>
      {found.consents.map((one) => (
        <section key={one.purpose} className={styles.archive}>
          <b>{t(one.purpose)}</b> <Said one={one} />
          <details>
            <summary className={styles.more}>{t('textVersion', { version: one.version })}</summary>
            <p className={styles.text}>{filled(pick(one.text), found)}</p>
          </details>
          {enters ? <Enter found={found} one={one} /> : null}
        </section>
      ))}
      {enters ? null : <p className={styles.more}>{t('onlyAsking')}</p>}
    </div>
  )
}

const filled = (text: string, found: MinutesOut) =>
  text
    .replaceAll('{requester}', found.requester_name)
    .replaceAll('{receiver}', found.provider_name)
    .replaceAll('{service}', found.number)
    .trim()

function Said({ one }: { one: Asked }) {
  const t = useWords()
  if (one.answer === null) return <span className={styles.more}>{t('notAsked')}</span>
  const relation = RELATIONS.find((key) => key === one.relation)
  return (
    <span>
      {t(one.answer === 'given' ? 'given' : 'refusedConsent')}
      {one.signer ? ` · ${one.signer}${relation ? `（${t(relation)}）` : ''}` : ''}
      {' · '}
      <Moment at={one.at} />
    </span>
  )
}

type Given = Pick<ConsentIn, 'answer' | 'signer' | 'relation'>

function Enter({ found, one }: { found: MinutesOut; one: Asked }) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const enter = useMutation({
    mutationFn: (given: Given) =>
      enterConsent(found.appointment_id, {
        ...given,
        purpose: one.purpose,
        version: one.version,
      }),
    onSuccess: () => form.resetFields(),
    onError: (error) => void message.error(problemWords(error).what),
  })
  return (
    <Form<Given>
      form={form}
      size="small"
      className={styles.consent}
      initialValues={{ relation: 'self' }}
      onFinish={(given) => enter.mutate(given)}
    >
      <Form.Item name="answer" rules={[{ required: true, message: t('ask') }]}>
        <Radio.Group
          aria-label={t(one.purpose)}
          options={[
            { value: 'given', label: t('given') },
            { value: 'refused', label: t('refusedConsent') },
          ]}
        />
      </Form.Item>
      <Form.Item
        name="signer"
        rules={[{ required: true, whitespace: true, message: t('needSigner') }]}
      >
        <Input placeholder={t('signer')} aria-label={t('signer')} maxLength={60} />
      </Form.Item>
      <Form.Item name="relation">
        <Select
          aria-label={t('relation')}
          options={RELATIONS.map((key) => ({ value: key, label: t(key) }))}
        />
      </Form.Item>
      <Button htmlType="submit" loading={enter.isPending}>
        {t('ask')}
      </Button>
    </Form>
  )
}
