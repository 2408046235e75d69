/** What was set aside on arrival, as a list to be worked off. */
import { useQuery } from '@tanstack/react-query'
import { Input, Segmented, Select, Tag } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { RowSkeletons } from '../requests/DayPage'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { ConflictGroup } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { StudyCard } from '../studies/StudyCard'
import { type ConflictReason, type ConflictState, conflictsQuery, sentTwiceQuery } from './api'
import styles from './care.module.css'
import { say, useWords } from './words'

const STATES = ['open', 'resolved', 'all'] as const
const DECIDED = new Set(['kept', 'accepted', 'filed-here', 'filed-named'])
type Decided = 'kept' | 'accepted' | 'filed-here' | 'filed-named'

export function QuarantinePage() {
  const t = useWords()
  const [params, setParams] = useSearchParams()
  const state = STATES.find((each) => each === params.get('state')) ?? 'open'
  const [reason, setReason] = useState<ConflictReason>('')
  const [text, setText] = useState('')
  const q = useSettled(text.trim(), 250)
  const list = useQuery(conflictsQuery({ state, reason, q }))
  const filtered = q !== '' || reason !== '' || state !== 'open'
  return (
    <>
      <div className={styles.filters}>
        <Segmented<ConflictState>
          aria-label={t('state')}
          value={state}
          onChange={(next) => setParams(next === 'open' ? {} : { state: next }, { replace: true })}
          options={STATES.map((value) => ({ value, label: t(value) }))}
        />
        <Select
          aria-label={t('anyReason')}
          value={reason}
          onChange={setReason}
          popupMatchSelectWidth={false}
          options={[
            { value: '', label: t('anyReason') },
            { value: 'other-content', label: t('otherContent') },
            { value: 'other-patient', label: t('otherPatient') },
          ]}
        />
        <Input.Search
          allowClear
          className={styles.search}
          placeholder={t('search')}
          aria-label={t('search')}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {list.error ? <ProblemNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <RowSkeletons /> : null}
      {list.data?.items.length === 0 ? (
        <Empty
          title={t(filtered ? 'noMatch' : 'empty')}
          teach={t(filtered ? 'noMatchTeach' : 'emptyTeach')}
        />
      ) : null}
      <ul className={styles.rows}>
        {list.data?.items.map((group) => (
          <li key={group.id}>
            <GroupRow group={group} />
          </li>
        ))}
      </ul>
      <SentTwice />
    </>
  )
}

/** Sent again under new UIDs: nothing is overwritten, but somebody should know. */
function SentTwice() {
  const t = useWords()
  const { data } = useQuery(sentTwiceQuery)
  if (!data || data.groups.length === 0) return null
  return (
    <section>
      <h2 className={page.subtitle}>{t('sentTwice')}</h2>
      <p className={page.quiet}>{t('sentTwiceTeach')}</p>
      {data.groups.map((group) => (
        <div key={group[0]?.id} className={styles.group}>
          <strong>{group[0]?.patient.name}</strong>{' '}
          <span className={styles.more}>{group[0]?.accession_number}</span>
          {group.map((study) => (
            <StudyCard key={study.id} study={study} />
          ))}
        </div>
      ))}
    </section>
  )
}

function GroupRow({ group }: { group: ConflictGroup }) {
  const t = useWords()
  return (
    <Link to={`/care/quarantine/${group.id}`} className={styles.row}>
      <span className={styles.words}>
        <span className={styles.first}>
          <strong>{group.patient_name || group.patient_id || '—'}</strong>
          <span className={styles.more}>{group.patient_id}</span>
          <Tag color={group.reason === 'other-patient' ? 'error' : 'warning'}>
            {reasonWords(group.reason)}
          </Tag>
          {group.resolution ? <Tag>{resolutionWords(group.resolution)}</Tag> : null}
        </span>
        <span className={styles.more}>{group.study_uid}</span>
      </span>
      <span className={styles.more}>
        {t('copies', { n: group.count })} · <Moment at={group.last} />
      </span>
    </Link>
  )
}

export function reasonWords(reason: string): string {
  return say(reason === 'other-patient' ? 'otherPatient' : 'otherContent')
}

export function resolutionWords(resolution: string): string {
  return DECIDED.has(resolution) ? say(resolution as Decided) : resolution
}
