/**
 * Somebody is needed now: it sounds and asks, until it is answered, declined or over.
 *
 * Who was rung before and did not answer may still do so while nobody else has; that no longer
 * sounds and stands in the way of nothing.
 */
import { PhoneFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Modal, notification, Space } from 'antd'
import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { chime } from '../app/chime'
import { useMe } from '../session/session'
import { useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { UrgentCallOut } from '../shared/schema'
import { pick } from '../shared/words'
import { ringingQuery, useCallStep } from './api'
import styles from './calls.module.css'
import { useWords } from './words'

export function IncomingCall() {
  const me = useMe()
  const may = me.permissions.includes('see-calendars') && me.person_id !== null
  const { data } = useQuery({ ...ringingQuery, enabled: may })
  const first = data?.calls[0]
  if (first === undefined) return null
  return first.allowed.includes('decline') ? (
    <Rings key={first.id} call={first} />
  ) : (
    <StillThere key={`${first.id} before`} call={first} />
  )
}

function Rings({ call }: { call: UrgentCallOut }) {
  const t = useWords()
  const go = useNavigate()
  const step = useCallStep(call.id)
  const until = call.rings.find((ring) => ring.state === 'ringing')?.until
  const now = useNow(1000)
  useEffect(() => chime(), [])
  return (
    <Modal
      open
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={null}
      width={480}
      title={
        <span className={styles.title}>
          <PhoneFilled aria-hidden /> {t('incoming', { from: call.requester_name })}
        </span>
      }
    >
      <p className={styles.more}>
        <What call={call} />
        {until ? ` · ${t('ringsFor', { n: secondsLeft(until, now) })}` : ''}
      </p>
      {step.error ? <ProblemNotice error={step.error} /> : null}
      <Space>
        <Button
          type="primary"
          autoFocus
          loading={step.isPending && step.variables === 'answer'}
          onClick={() =>
            step.mutate('answer', {
              onSuccess: (done) => void go(`/conference/${done.appointment_id}`),
            })
          }
        >
          {t('answer')}
        </Button>
        <Button
          loading={step.isPending && step.variables === 'decline'}
          onClick={() => step.mutate('decline')}
        >
          {t('decline')}
        </Button>
      </Space>
    </Modal>
  )
}

function StillThere({ call }: { call: UrgentCallOut }) {
  const t = useWords()
  const go = useNavigate()
  const step = useCallStep(call.id)
  const [holder, context] = notification.useNotification()
  const take = step.mutate
  useEffect(() => {
    holder.info({
      key: call.id,
      duration: 0,
      placement: 'bottomRight',
      title: t('incoming', { from: call.requester_name }),
      description: t('missed'),
      actions: (
        <Button
          type="primary"
          onClick={() =>
            take('answer', {
              onSuccess: (done) => void go(`/conference/${done.appointment_id}`),
            })
          }
        >
          {t('answer')}
        </Button>
      ),
    })
    return () => holder.destroy(call.id)
  }, [holder, call.id, call.requester_name, t, take, go])
  return context
}

function What({ call }: { call: UrgentCallOut }) {
  const t = useWords()
  if (call.number === '') return pick(call.service_words)
  return t('ofCase', { service: pick(call.service_words), number: call.number })
}

/** Whole seconds until a moment, never below zero; `now` is a whole second itself. */
export function secondsLeft(until: string, now: number): number {
  return Math.max(0, Math.floor((Date.parse(until) - now) / 1000))
}
