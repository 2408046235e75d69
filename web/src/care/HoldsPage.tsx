/** Every legal hold of the institution: what is held, for whom, until when, and what was. */
import { useQuery } from '@tanstack/react-query'
import { Input, Segmented, Tag } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { RowSkeletons } from '../requests/DayPage'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { HoldRow } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { studyDate } from '../studies/dates'
import { type HoldState, holdsQuery } from './api'
import styles from './care.module.css'
import { HoldButton, HoldLine } from './Holds'
import { useHoldWords } from './holdWords'

const STATES = ['in-force', 'ended', 'all'] as const
const WORDS = { 'in-force': 'inForce', ended: 'ended', all: 'all' } as const

export function HoldsPage() {
  const t = useHoldWords()
  const [params, setParams] = useSearchParams()
  const state = STATES.find((each) => each === params.get('state')) ?? 'in-force'
  const [text, setText] = useState('')
  const q = useSettled(text.trim(), 250)
  const list = useQuery(holdsQuery(state, q))
  const filtered = q !== '' || state !== 'in-force'
  return (
    <>
      <div className={styles.filters}>
        <Segmented<HoldState>
          aria-label={t('state')}
          value={state}
          onChange={(next) =>
            setParams(next === 'in-force' ? {} : { state: next }, { replace: true })
          }
          options={STATES.map((value) => ({ value, label: t(WORDS[value]) }))}
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
        {list.data?.items.map((row) => (
          <li key={row.id} className={styles.row}>
            <Held row={row} />
          </li>
        ))}
      </ul>
    </>
  )
}

function Held({ row }: { row: HoldRow }) {
  const t = useHoldWords()
  return (
    <>
      <span className={styles.words}>
        <span className={styles.first}>
          <strong>{row.patient_name || row.patient_id}</strong>
          <span className={styles.more}>{row.patient_id}</span>
          <span>
            {row.modalities.replaceAll('\\', '/')} {row.description} {studyDate(row.study_date)}
          </span>
          {row.ended_at ? <Tag>{t('ended')}</Tag> : <Tag color="warning">{t('held')}</Tag>}
          {row.instance_count === 0 ? <Tag>{t('notShown')}</Tag> : null}
        </span>
        <HoldLine hold={row} />
      </span>
      <span className={styles.deeds}>
        {row.instance_count > 0 ? (
          <Link to={`/studies?study=${row.study_id}`}>{t('openStudy')}</Link>
        ) : null}
        {row.ended_at ? null : <HoldButton studyId={row.study_id} on />}
      </span>
    </>
  )
}
