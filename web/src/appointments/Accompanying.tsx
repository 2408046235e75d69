/** The accompanying doctor of a session: who is named, and the one tap by which they are there. */
import { CheckCircleFilled, ClockCircleOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Select } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AccompanyingOut, AttendedOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import styles from './Accompanying.module.css'
import { accompanyingQuery, confirmAccompanying, nameAccompanying } from './attending'

const { useWords } = defineWords('accompanying', {
  title: ['陪同医师', 'Accompanying doctor'],
  nobody: ['尚未指定，指定后方可开始', 'Nobody is named; it begins once somebody is'],
  nobodyThere: [
    '尚未指定；指定并确认在场后方可开始',
    'Nobody is named; it begins once somebody is, and has confirmed',
  ],
  confirmFirst: [
    '确认在场后方可开始；最早在开始前半小时确认。',
    'It begins once this is confirmed, from half an hour before on.',
  ],
  byName: [
    '急会诊：开始时只指定了陪同医师，尚未确认在场。',
    'Urgent: it began with the name alone, before presence was confirmed.',
  ],
  onWord: ['由{{who}}按其本人口头确认登记', 'entered by {{who}} on their word'],
  enter: ['{{who}}已口头确认在场，登记', '{{who}} says they are here: enter it'],
  named: ['已指定，待确认在场', 'Named, not confirmed yet'],
  there: ['已确认在场', 'Confirmed present'],
  by: ['由{{who}}确认', 'said by {{who}}'],
  replaced: ['已更换', 'replaced'],
  choose: ['选择本院医师', 'Choose a doctor of ours'],
  name: ['指定', 'Name'],
  change: ['更换', 'Somebody else'],
  confirm: ['{{who}}在场，确认', '{{who}} is here'],
})

export function Accompanying({ id }: { id: string }) {
  const asked = useQuery(accompanyingQuery(id))
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data || (!asked.data.needed && asked.data.named.length === 0)) return null
  return <Attended at={asked.data} />
}

function Attended({ at }: { at: AttendedOut }) {
  const t = useWords()
  const confirm = useMutation({
    mutationFn: (person: string) => confirmAccompanying(at.appointment_id, person),
  })
  const { current } = at
  return (
    <section aria-label={t('title')}>
      <h3 className={styles.title}>{t('title')}</h3>
      {at.named.length === 0 ? (
        <p className={styles.open}>{t(at.confirms ? 'nobodyThere' : 'nobody')}</p>
      ) : null}
      <Named rows={at.named} />
      {at.begun_by_name ? <p className={styles.open}>{t('byName')}</p> : null}
      {at.confirms && current && !current.confirmed_at ? (
        <p className={styles.open}>{t('confirmFirst')}</p>
      ) : null}
      <div className={styles.steps}>
        {current && at.allowed.includes('confirm') ? (
          <Button
            type="primary"
            loading={confirm.isPending}
            onClick={() => confirm.mutate(current.person.id)}
          >
            {t(at.confirms_as === 'on-word' ? 'enter' : 'confirm', { who: current.person.name })}
          </Button>
        ) : null}
        {at.allowed.includes('name') ? <Choice at={at} /> : null}
      </div>
      {confirm.error ? <ProblemNotice error={confirm.error} /> : null}
    </section>
  )
}

function Choice({ at }: { at: AttendedOut }) {
  const t = useWords()
  const [chosen, choose] = useState<string>()
  const name = useMutation({
    mutationFn: (person: string) => nameAccompanying(at.appointment_id, person),
    onSuccess: () => choose(undefined),
  })
  return (
    <>
      <Select
        showSearch={{ optionFilterProp: 'label' }}
        className={styles.choice}
        placeholder={t('choose')}
        aria-label={t('choose')}
        value={chosen}
        onChange={choose}
        options={at.candidates.map((each) => ({
          value: each.person.id,
          label: `${each.person.name}（${pick(each.person.title) || pick(each.fit_words)}）`,
        }))}
      />
      <Button
        disabled={!chosen}
        loading={name.isPending}
        onClick={() => chosen && name.mutate(chosen)}
      >
        {t(at.current ? 'change' : 'name')}
      </Button>
      {name.error ? <ProblemNotice error={name.error} /> : null}
    </>
  )
}

/** Everybody who was named, with the time at which it was said that they were there. */
export function Named({ rows }: { rows: readonly AccompanyingOut[] }) {
  return (
    <ul className={styles.named}>
      {rows.map((row) => (
        <li key={`${row.appointment_id} ${row.n}`} className={row.replaced_at ? styles.gone : ''}>
          <span>
            {row.person.name}（{pick(row.person.title) || pick(row.fit_words)}）
            {row.fit === 'physician' ? '' : ` ${pick(row.fit_words)}`}
          </span>
          {row.confirmed_at ? <There row={row} /> : <NotYet row={row} />}
        </li>
      ))}
    </ul>
  )
}

function There({ row }: { row: AccompanyingOut }) {
  const t = useWords()
  return (
    <span className={styles.there}>
      <CheckCircleFilled aria-hidden /> {t('there')} <Moment at={row.confirmed_at} />{' '}
      {t(row.confirmed_as === 'on-word' ? 'onWord' : 'by', { who: row.confirmed_by ?? '—' })}
    </span>
  )
}

function NotYet({ row }: { row: AccompanyingOut }) {
  const t = useWords()
  return (
    <span className={styles.open}>
      <ClockCircleOutlined aria-hidden /> {t(row.replaced_at ? 'replaced' : 'named')}
    </span>
  )
}
