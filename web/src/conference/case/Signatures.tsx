/** Who has signed and who has not, one's own signature, reopening, and what was archived. */
import { CheckCircleFilled, ClockCircleOutlined, WarningFilled } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Form, Input, Radio } from 'antd'
import { Link } from 'react-router'
import { useMeeting } from '../../requests/api'
import { useMe } from '../../session/session'
import { Empty } from '../../shared/Empty'
import { Moment } from '../../shared/Moment'
import { ProblemNotice } from '../../shared/ProblemNotice'
import { problemWords } from '../../shared/problem'
import type { MinutesOut } from '../../shared/schema'
import { reopenText, signText } from './api'
import styles from './MinutesPanel.module.css'
import { useWords } from './words'

export function Signatures({ found }: { found: MinutesOut }) {
  const t = useWords()
  const closing = found.closing
  return (
    <div className={styles.scroll}>
      {closing === null ? (
        <Empty small title={t('notSigned')} teach={t('closeAsk')} />
      ) : (
        <>
          <p className={styles.more}>
            {t('closedAt', { who: closing.closed_by, round: closing.round })}{' '}
            <Moment at={closing.closed_at} />
            {' · '}
            {t('signedCount', {
              done: closing.signatures.filter((one) => one.at !== null).length,
              all: closing.signatures.length,
            })}
          </p>
          <ul className={styles.signatures}>
            {closing.signatures.map((one) => (
              <Signature key={one.person_id} one={one} />
            ))}
          </ul>
          {found.allowed.includes('sign') ? <Sign found={found} /> : null}
          <p className={styles.hash}>
            {t('hash')} <code>{closing.sha256}</code>
          </p>
        </>
      )}
      <Archive found={found} />
      {found.void.map((one) => (
        <p key={one.round} className={styles.more}>
          {t('voidAt', { round: one.round, reason: one.reason })} <Moment at={one.void_at} />
        </p>
      ))}
      {found.allowed.includes('reopen') ? <Reopen found={found} /> : null}
    </div>
  )
}

type Signed = NonNullable<MinutesOut['closing']>['signatures'][number]

function Signature({ one }: { one: Signed }) {
  const t = useWords()
  const bad = one.at !== null && !one.genuine
  const Icon = bad ? WarningFilled : one.at === null ? ClockCircleOutlined : CheckCircleFilled
  return (
    <li data-signed={one.at !== null}>
      <Icon aria-hidden className={bad ? styles.bad : one.at ? styles.good : styles.more} />{' '}
      <b>{one.name}</b>{' '}
      {one.at === null ? (
        <span className={styles.more}>{t('notSigned')}</span>
      ) : (
        <>
          {t(one.stance === 'reserve' ? 'reserve' : 'agree')} <Moment at={one.at} />
        </>
      )}
      {bad ? <span className={styles.bad}> {t('notGenuine')}</span> : null}
      {one.words ? <p className={styles.text}>{one.words}</p> : null}
    </li>
  )
}

interface Given {
  stance: 'agree' | 'reserve'
  words?: string
  password: string
}

function Sign({ found }: { found: MinutesOut }) {
  const t = useWords()
  const me = useMe()
  const [form] = Form.useForm<Given>()
  const stance = Form.useWatch('stance', form)
  const meeting = useMeeting(found.service)
  const sha256 = found.closing?.sha256 ?? ''
  const sign = useMutation({
    mutationFn: ({ stance, words, password }: Given) =>
      signText(found.appointment_id, {
        sha256,
        stance,
        words: stance === 'reserve' ? (words ?? '') : '',
        password,
      }),
  })
  return (
    <Form<Given>
      form={form}
      layout="vertical"
      size="small"
      className={styles.sign}
      requiredMark={false}
      initialValues={{ stance: 'agree' }}
      onFinish={(given) => sign.mutate(given)}
    >
      <p className={styles.more}>{t('signTeach', { meeting })}</p>
      <Form.Item name="stance">
        <Radio.Group
          options={[
            { value: 'agree', label: t('agree') },
            { value: 'reserve', label: t('reserve') },
          ]}
        />
      </Form.Item>
      {stance === 'reserve' ? (
        <Form.Item
          name="words"
          label={t('reserveWords')}
          rules={[{ required: true, whitespace: true, message: t('needWords') }]}
        >
          <Input.TextArea rows={3} maxLength={2000} />
        </Form.Item>
      ) : null}
      <input type="text" autoComplete="username" value={me.username} readOnly hidden />
      <Form.Item
        name="password"
        label={t('password')}
        rules={[{ required: true, message: t('needPassword') }]}
      >
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Button type="primary" htmlType="submit" loading={sign.isPending}>
        {t('sign')}
      </Button>
      {sign.error ? <ProblemNotice error={sign.error} /> : null}
    </Form>
  )
}

function Reopen({ found }: { found: MinutesOut }) {
  const t = useWords()
  const { message } = App.useApp()
  const round = found.closing?.round ?? 0
  const reopen = useMutation({
    mutationFn: ({ reason }: { reason: string }) => reopenText(found.appointment_id, round, reason),
    onError: (error) => void message.error(problemWords(error).what),
  })
  return (
    <Form<{ reason: string }>
      layout="vertical"
      size="small"
      className={styles.sign}
      requiredMark={false}
      onFinish={(given) => reopen.mutate(given)}
    >
      <Form.Item
        name="reason"
        label={t('reopenWhy')}
        rules={[{ required: true, whitespace: true, message: t('needWhy') }]}
      >
        <Input maxLength={500} />
      </Form.Item>
      <Button danger htmlType="submit" loading={reopen.isPending}>
        {t('reopen')}
      </Button>
    </Form>
  )
}

function Archive({ found }: { found: MinutesOut }) {
  const t = useWords()
  if (found.state === 'signed') return <p role="status">{t('archiving')}</p>
  if (found.state !== 'archived') return null
  const own = found.archives.find((one) => one.own)
  return (
    <section className={styles.archive}>
      <b>{t('archived')}</b>
      {found.archives.map((one) => (
        <p key={one.institution} className={styles.hash}>
          {one.institution} <Moment at={one.at} />
          <br />
          {t('recordHash')} <code>{one.sha256}</code>
        </p>
      ))}
      {own ? (
        <p className={styles.next}>
          <a
            href={`/api/appointments/${found.appointment_id}/minutes/record.pdf`}
            target="_blank"
            rel="noreferrer"
          >
            {t('openPdf')}
          </a>
          <Link to={`/verify/${own.verification_code}`} target="_blank">
            {t('verify')}
          </Link>
        </p>
      ) : null}
    </section>
  )
}
