/** Beside the tiles: who is there, what was written, and the record of attendance. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Input, Empty as Nothing, Table, Tag, Timeline } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { roleWords } from '../appointments/words'
import { clockOf } from '../roster/days'
import { ProblemNotice } from '../shared/ProblemNotice'
import { queryClient } from '../shared/queries'
import type { ConferenceOut } from '../shared/schema'
import { pick } from '../shared/words'
import { markPhone, say, wordsQuery } from './api'
import { JoinCard } from './JoinCard'
import styles from './Panels.module.css'
import { type Member, useMembers, useSignal } from './signal'
import { useWords } from './words'

interface Props {
  conference: ConferenceOut
}

export function PeoplePanel({ conference }: Props) {
  const t = useWords()
  const members = useMembers(useSignal())
  const known = new Map(conference.members.map((one) => [one.person_id, one]))
  const here = new Set(members.map((one) => one.person_id))
  const roles = new Map(conference.invited.map((one) => [one.person_id, roleWords(one.role)]))
  const others = [...conference.invited, ...conference.along].filter(
    (one) => !here.has(one.person_id),
  )
  return (
    <div className={styles.part}>
      <h3>{t('members')}</h3>
      <ul className={styles.list}>
        {members.map((member) => {
          const one = known.get(member.person_id)
          return (
            <li key={member.id}>
              <span>
                <b>{one?.name}</b> {one?.title ? pick(one.title) : ''}
                <br />
                <span className={styles.place}>
                  {one?.institution_name} {one?.roles.map(roleWords).join(t('comma'))}
                  {member.watches ? t('watchers') : ''}
                </span>
              </span>
              <span className={styles.tags}>
                <Marks member={member} />
                <Phone conference={conference} personId={member.person_id} on={member.mode} />
              </span>
            </li>
          )
        })}
      </ul>
      {others.length > 0 ? (
        <>
          <h3>{t('invited')}</h3>
          <ul className={styles.list}>
            {others.map((one) => (
              <li key={one.person_id}>
                <span>
                  <b>{one.name}</b>{' '}
                  {roles.get(one.person_id) ??
                    t(one.institution_id === conference.provider_id ? 'guides' : 'operates')}
                  <br />
                  <span className={styles.place}>{one.institution_name}</span>
                </span>
                <Phone conference={conference} personId={one.person_id} on={null} />
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <Watchers conference={conference} here={here} />
      <JoinCard conference={conference} />
      <p className={styles.note}>{t('noRecording')}</p>
    </div>
  )
}

/** Who was listed to watch and is not here. */
function Watchers(props: { conference: ConferenceOut; here: ReadonlySet<string> }) {
  const t = useWords()
  const rest = props.conference.watchers.filter((one) => !props.here.has(one.person_id))
  if (rest.length === 0) return null
  return (
    <>
      <h3>{t('watchers')}</h3>
      <ul className={styles.list}>
        {rest.map((one) => (
          <li key={one.person_id}>
            <span>
              <b>{one.name}</b>
              <br />
              <span className={styles.place}>{one.institution_name}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}

function Marks({ member }: { member: Member }) {
  const t = useWords()
  return (
    <>
      {member.state === 'dropped' ? <Tag color="error">{t('dropped')}</Tag> : null}
      {member.mode === 'phone' ? <Tag color="processing">{t('byPhone')}</Tag> : null}
      {member.hand ? <Tag color="warning">{t('handUp')}</Tag> : null}
      {member.muted && member.mode !== 'phone' && !member.watches ? (
        <Tag>{t('isMuted')}</Tag>
      ) : null}
    </>
  )
}

function Phone(props: { conference: ConferenceOut; personId: string; on: string | null }) {
  const t = useWords()
  const { conference, personId, on } = props
  const onPhone = on === 'phone'
  const mark = useMutation({
    mutationFn: () => markPhone(conference.appointment_id, personId, !onPhone),
  })
  // Who is here by a page says so themselves.
  if (!conference.may.includes('phone') || (on !== null && !onPhone)) return null
  return (
    <Button size="small" loading={mark.isPending} onClick={() => mark.mutate()}>
      {onPhone ? t('hangUp') : t('markPhone')}
    </Button>
  )
}

export function ChatPanel({ conference }: Props) {
  const t = useWords()
  const words = useQuery(wordsQuery(conference.appointment_id))
  const [text, setText] = useState('')
  const end = useRef<HTMLDivElement>(null)
  const send = useMutation({
    mutationFn: (said: string) => say(conference.appointment_id, said),
    onSuccess: () => {
      setText('')
      void queryClient.invalidateQueries({
        queryKey: wordsQuery(conference.appointment_id).queryKey,
      })
    },
  })
  const count = words.data?.words.length ?? 0
  useEffect(() => {
    if (count > 0) end.current?.scrollIntoView({ block: 'nearest' })
  }, [count])
  const submit = () => {
    if (text.trim() !== '' && !send.isPending) send.mutate(text)
  }
  return (
    <div className={styles.chat}>
      <ol className={styles.words} aria-live="polite">
        {words.data?.words.map((one) => (
          <li key={one.n} className={one.person_id === conference.me ? styles.own : ''}>
            <span className={styles.who}>
              {one.name} {one.institution_name} {clockOf(Date.parse(one.said_at))}
            </span>
            <span className={styles.text}>{one.text}</span>
          </li>
        ))}
        <div ref={end} />
      </ol>
      {count === 0 ? (
        <Nothing image={Nothing.PRESENTED_IMAGE_SIMPLE} description={t('noWords')} />
      ) : null}
      {words.error || send.error ? <ProblemNotice error={words.error ?? send.error} /> : null}
      {conference.standing === 'watches' ? (
        <p className={styles.note}>{t('watchersOnlyListen')}</p>
      ) : (
        <div className={styles.write}>
          <Input.TextArea
            value={text}
            maxLength={2000}
            autoSize={{ minRows: 1, maxRows: 4 }}
            placeholder={t('write')}
            aria-label={t('write')}
            onChange={(event) => setText(event.target.value)}
            onPressEnter={(event) => {
              if (event.shiftKey || event.nativeEvent.isComposing) return
              event.preventDefault()
              submit()
            }}
          />
          <Button type="primary" loading={send.isPending} onClick={submit}>
            {t('send')}
          </Button>
        </div>
      )}
      <p className={styles.note}>{t('kept')}</p>
    </div>
  )
}

const minutesOf = (seconds: number) => Math.max(1, Math.round(seconds / 60))
const span = (one: { first: string; last: string }) =>
  `${clockOf(Date.parse(one.first))}–${clockOf(Date.parse(one.last))}`

export function RecordPanel({ conference }: Props) {
  const t = useWords()
  return (
    <div className={styles.part}>
      <h3>{t('sides')}</h3>
      <Attendance
        rows={conference.sides.map((one) => ({
          key: one.institution_id,
          who: one.institution_name,
          when: span(one),
          long: t('minutes', { n: minutesOf(one.seconds) }),
        }))}
      />
      <h3>{t('personal')}</h3>
      <Attendance
        rows={conference.people.map((one) => ({
          key: `${one.person_id} ${one.watched}`,
          who: `${one.name} ${one.institution_name}`,
          when: span(one),
          long: [
            t('minutes', { n: minutesOf(one.seconds) }),
            ...(one.watched ? [t('onlyWatched')] : []),
            ...(one.drops > 0 ? [t('drops', { n: one.drops })] : []),
          ].join('\n'),
        }))}
      />
      <Checks conference={conference} />
      <h3>{t('log')}</h3>
      <Timeline
        items={conference.log.map((line) => ({
          key: line.n,
          color: line.event === 'drop' ? 'red' : line.event === 'leave' ? 'gray' : 'green',
          content: `${clockOf(Date.parse(line.at))} ${line.name} ${t('whose', { name: pick(line.event_words), place: t(line.mode) })}`,
        }))}
      />
    </div>
  )
}

interface Row {
  key: string
  who: string
  when: string
  long: string
}

function Attendance({ rows }: { rows: readonly Row[] }) {
  return (
    <Table<Row>
      size="small"
      pagination={false}
      showHeader={false}
      dataSource={[...rows]}
      columns={[
        { dataIndex: 'who', key: 'who' },
        { dataIndex: 'when', key: 'when', className: styles.number ?? '' },
        { dataIndex: 'long', key: 'long', align: 'right', className: styles.number ?? '' },
      ]}
    />
  )
}

/** Everybody's latest device and line check. */
export function Checks({ conference }: Props) {
  const t = useWords()
  return (
    <>
      <h3>{t('checks')}</h3>
      {conference.checks.length === 0 ? <p className={styles.note}>{t('noChecks')}</p> : null}
      <ul className={styles.list}>
        {conference.checks.map((one) => (
          <li key={one.person_id}>
            <span>
              <b>{one.name}</b>
              <br />
              <span className={styles.place}>
                {one.institution_name} {clockOf(Date.parse(one.checked_at))}
              </span>
            </span>
            <Tag color={one.verdict === 'video' ? 'success' : 'warning'}>
              {pick(one.verdict_words)}
            </Tag>
          </li>
        ))}
      </ul>
    </>
  )
}
