/**
 * The conference of an appointment: the lobby before its door, the room behind it, and what is said
 * when one is out again. One place and one set of devices from the first look to the last.
 */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, ConfigProvider, Popconfirm, Skeleton, Tag } from 'antd'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useParams } from 'react-router'
import { darkTheme } from '../app/theme'
import { useMeeting } from '../requests/api'
import { SessionEnded } from '../session/SessionEnded'
import { Empty } from '../shared/Empty'
import { KeyHelp } from '../shared/keys'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords, toProblem } from '../shared/problem'
import type { ConferenceOut } from '../shared/schema'
import { pick } from '../shared/words'
import { conferenceQuery, takeStep } from './api'
import styles from './ConferencePage.module.css'
import { MinutesLink } from './case/MinutesLink'
import { Lobby } from './Lobby'
import { Local } from './local'
import { Room } from './Room'
import { Signal, SignalProvider, useSignalState } from './signal'
import { useWords } from './words'

const STAY_SIGNED_IN_MS = 180_000

export function ConferencePage() {
  const { appointmentId = '' } = useParams()
  return (
    <ConfigProvider theme={darkTheme}>
      <App className={styles.dark}>
        <Asked key={appointmentId} id={appointmentId} />
        <SessionEnded />
        <KeyHelp own />
      </App>
    </ConfigProvider>
  )
}

function Asked({ id }: { id: string }) {
  const t = useWords()
  const { data, error, refetch } = useQuery({
    ...conferenceQuery(id),
    // Who only talks and listens calls nothing else, and would be signed out as idle.
    refetchInterval: STAY_SIGNED_IN_MS,
    refetchIntervalInBackground: true,
  })
  if (data) return <Whole conference={data} />
  if (error && toProblem(error).status === 404)
    return (
      <main className={styles.wait}>
        <Empty
          title={t('notFound')}
          teach={t('notFoundTeach')}
          action={<Link to="/appointments">{t('back')}</Link>}
        />
      </main>
    )
  return (
    <main className={styles.wait}>
      {error ? (
        <ProblemNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton active paragraph={{ rows: 10 }} />
      )}
    </main>
  )
}

function Whole({ conference }: { conference: ConferenceOut }) {
  const [visit, setVisit] = useState(() => begun(conference))
  const { signal, local } = visit
  const state = useSignalState(signal)
  const [entered, setEntered] = useState(false)
  if ((state === 'in' || state === 'closed') && !entered) setEntered(true)
  useEffect(
    () => () => {
      signal.leave()
      local.close()
    },
    [signal, local],
  )
  const again = () => {
    setEntered(false)
    setVisit(begun(conference))
  }
  const [asked, setAsked] = useState(false)
  const enter = () => {
    setAsked(true)
    signal.enter(local.mode)
  }
  let page: ReactNode
  if (state === 'closed') page = <Out {...{ conference, signal }} onAgain={again} />
  else if (entered) page = <Room {...{ conference, signal, local }} />
  else
    page = (
      <>
        <Lobby {...{ conference, local }} entering={asked && state === 'waiting'} onEnter={enter} />
        {state === 'refused' && signal.refusal ? (
          <p role="alert" className={styles.refused}>
            {pick(signal.refusal)}
          </p>
        ) : null}
      </>
    )
  return (
    <SignalProvider value={signal}>
      <div className={styles.page}>
        <Bar conference={conference} inside={entered && state !== 'closed'} />
        {page}
      </div>
    </SignalProvider>
  )
}

const begun = (one: ConferenceOut) => ({
  signal: new Signal(one.appointment_id),
  local: new Local(one.streams.map((stream) => stream.value)),
})

function Bar({ conference, inside }: { conference: ConferenceOut; inside: boolean }) {
  const t = useWords()
  const meeting = useMeeting(conference.service)
  const { message } = App.useApp()
  const { appointment_id: id, version } = conference
  const step = useMutation({
    mutationFn: (what: 'begin' | 'end') => takeStep(id, version, what),
    onError: (error) => void message.error(problemWords(error).what),
  })
  const running = conference.state === 'under way'
  return (
    <header className={styles.bar}>
      {inside ? null : <Link to="/appointments">{t('back')}</Link>}
      <b>{t('room', { meeting })}</b>
      <span className={styles.number}>{conference.number}</span>
      <Tag color={running ? 'success' : 'processing'}>{pick(conference.state_words)}</Tag>
      <span className={styles.gap} />
      {conference.may.includes('begin') && conference.open ? (
        <Button size="small" loading={step.isPending} onClick={() => step.mutate('begin')}>
          {t('begin', { meeting })}
        </Button>
      ) : null}
      {conference.may.includes('end') ? (
        <Popconfirm
          title={t('end', { meeting })}
          description={t('endAsk')}
          okText={t('end', { meeting })}
          onConfirm={() => step.mutate('end')}
        >
          <Button size="small" danger loading={step.isPending}>
            {t('end', { meeting })}
          </Button>
        </Popconfirm>
      ) : null}
    </header>
  )
}

const WHY = {
  left: 'left',
  closed: 'closedOver',
  'not-invited': 'closedNotInvited',
  'other-page': 'closedOther',
  'other-standing': 'closedStanding',
} as const

function Out(props: { conference: ConferenceOut; signal: Signal; onAgain: () => void }) {
  const t = useWords()
  const { conference, signal, onAgain } = props
  const why = WHY[signal.why as keyof typeof WHY] ?? 'left'
  const again =
    conference.open && (why === 'left' || why === 'closedOther' || why === 'closedStanding')
  return (
    <main className={styles.wait}>
      <Empty
        title={t(why)}
        teach={t('noRecording')}
        action={
          <span className={styles.next}>
            {why === 'closedOver' ? (
              <MinutesLink id={conference.appointment_id} state="ended" />
            ) : null}
            {again ? (
              <Button type="primary" onClick={onAgain}>
                {t('enterAgain')}
              </Button>
            ) : null}
            <Link to="/appointments">{t('back')}</Link>
          </span>
        }
      />
    </main>
  )
}
