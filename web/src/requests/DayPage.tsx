/** The requesting doctor's day: what waits for me on the left, all our requests on the right. */
import { PlusOutlined } from '@ant-design/icons'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Button, Input, Segmented, Select, Skeleton } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { ToSignGroup, useToSign } from '../conference/case/ToSign'
import { useMay } from '../session/session'
import { RunningClock } from '../shared/CaseClock'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestRow, TodoOut } from '../shared/schema'
import { useStateWords } from '../shared/tags'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { type ListFilter, listQuery, todoQuery, useCatalogue } from './api'
import { CaseRow } from './CaseRow'
import styles from './DayPage.module.css'
import { FollowUpsDue } from './FollowUpsDue'
import { waitingFollowUpsQuery } from './followUps'
import { examLabel } from './names'
import { useWords } from './words'

export function DayPage() {
  const writes = useMay('write-requests')
  return (
    <main className={styles.day}>
      {writes ? <Waiting /> : null}
      <Requests writes={writes} />
    </main>
  )
}

const GROUPS = [
  ['critical', 'critical', ''],
  ['returned', 'returned', 'returned'],
  ['declined', 'declined', 'declined'],
  ['to_read', 'toRead', 'answered'],
  ['drafts', 'drafts', 'draft'],
] as const satisfies readonly (readonly [Group, string, string])[]

type Group = Exclude<keyof TodoOut, 'counts'>
/** Rows of a group; the rest is a list of its own. Critical findings are all shown. */
const SHOWN = 6
/** On a phone, where the list of requests lies below the groups (DayPage.module.css). */
const SHOWN_NARROW = 3

function Waiting() {
  const t = useWords()
  const todo = useQuery(todoQuery)
  const followUps = useQuery(waitingFollowUpsQuery).data?.total ?? 0
  const toSign = useToSign().data?.items.length ?? 0
  const groups = GROUPS.filter(([key]) => (todo.data?.[key].length ?? 0) > 0)
  return (
    <aside className={styles.waiting} aria-label={t('waits')}>
      <h2 className={styles.heading}>{t('waits')}</h2>
      {todo.error ? <ProblemNotice error={todo.error} onRetry={() => void todo.refetch()} /> : null}
      {todo.isPending ? <Skeleton active paragraph={{ rows: 6 }} title={false} /> : null}
      {todo.data && groups.length === 0 && followUps + toSign === 0 ? (
        <Empty small title={t('nothingWaits')} teach={t('nothingWaitsTeach')} />
      ) : null}
      {groups.map(([key, word, state]) => {
        const rows = todo.data?.[key] ?? []
        const count = todo.data?.counts[key] ?? rows.length
        const shown = state ? rows.slice(0, SHOWN) : rows
        return (
          <section key={key} className={styles.group}>
            <h3 className={styles.groupTitle}>
              {t(word)} <span className={styles.groupCount}>{count}</span>
            </h3>
            <ul className={`${styles.list} ${state ? styles.some : ''}`}>
              {shown.map((row) => (
                <li key={row.id}>
                  <WaitingRow row={row} kind={key} />
                </li>
              ))}
            </ul>
            {count > SHOWN_NARROW && state ? (
              <Link
                to={`/requests?state=${state}`}
                className={`${styles.seeAll} ${count > shown.length ? '' : styles.narrowOnly}`}
              >
                {t('seeAll', { n: count })}
              </Link>
            ) : null}
          </section>
        )
      })}
      <ToSignGroup />
      <FollowUpsDue />
    </aside>
  )
}

function WaitingRow({ row, kind }: { row: RequestRow; kind: Group }) {
  const catalogue = useCatalogue()
  const to = kind === 'drafts' ? `/requests/${row.id}/edit` : `/requests/${row.id}`
  return (
    <Link to={to} className={`${styles.waitingRow} ${styles[kind] ?? ''}`}>
      <span className={styles.waitingFirst}>
        <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
        <span className={styles.waitingAt}>
          <Moment at={row.updated_at} ago />
        </span>
      </span>
      <span className={styles.waitingMore}>
        {examLabel(catalogue, row)}
        {row.provider ? ` · ${row.provider.short_name}` : ''}
        {kind !== 'critical' && row.clock.requester.due ? (
          <>
            {' · '}
            <RunningClock clock={row.clock} />
          </>
        ) : null}
      </span>
    </Link>
  )
}

const VIEWS = ['all', 'active', 'done'] as const
const KEPT = ['view', 'state', 'service', 'q', 'from', 'to'] as const

/** The filter lives in the address: going back from a case finds the list as it was left. */
function useFilter() {
  const [params, setParams] = useSearchParams()
  const given = Object.fromEntries(KEPT.map((key) => [key, params.get(key) ?? '']))
  const change = (next: Partial<Record<(typeof KEPT)[number], string>>) => {
    const after = new URLSearchParams(params)
    for (const [key, value] of Object.entries(next))
      if (value) after.set(key, value)
      else after.delete(key)
    setParams(after, { replace: true })
  }
  const view = VIEWS.find((each) => each === given.view) ?? 'all'
  const { view: _, ...rest } = given
  const asked = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''))
  const filter: ListFilter = { view, ...asked }
  return { filter, change, filtered: view !== 'all' || Object.keys(asked).length > 0 }
}

function Requests({ writes }: { writes: boolean }) {
  const t = useWords()
  const { filter, change, filtered } = useFilter()
  const list = useInfiniteQuery({
    ...listQuery(writes ? { ...filter, side: 'asking' } : filter),
    placeholderData: keepPreviousData,
  })
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  return (
    <section className={styles.requests} aria-label={t('ours')}>
      <header className={styles.head}>
        <h1 className={styles.title}>{t('ours')}</h1>
        <span className={styles.total} aria-live="polite">
          {total === undefined ? '' : t('total', { n: total.toLocaleString() })}
        </span>
        {writes ? (
          <Link to="/new" className={styles.new}>
            <Button type="primary" size="large" icon={<PlusOutlined />} tabIndex={-1}>
              {t('newRequest')}
            </Button>
          </Link>
        ) : null}
      </header>
      <Filters filter={filter} change={change} filtered={filtered} />
      {list.error ? <ProblemNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <RowSkeletons /> : null}
      {list.data && rows.length === 0 ? <NoRows filtered={filtered} /> : null}
      <ul className={styles.rows}>
        {rows.map((row) => (
          <li key={row.id} className={styles.rowItem}>
            <Link
              className={styles.rowLink}
              to={row.state === 'draft' ? `/requests/${row.id}/edit` : `/requests/${row.id}`}
            >
              <CaseRow row={row} side="sender" />
            </Link>
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button block loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('loadMore')}
        </Button>
      ) : null}
    </section>
  )
}

interface FiltersProps {
  filter: ListFilter
  change: (next: Partial<Record<(typeof KEPT)[number], string>>) => void
  filtered: boolean
}

/** States one filters by; what was thrown away is in no list. */
const STATES = [
  'draft',
  'awaiting',
  'open',
  'returned',
  'declined',
  'answered',
  'confirmed',
  'withdrawn',
] as const

function Filters({ filter, change, filtered }: FiltersProps) {
  const t = useWords()
  const state = useStateWords()
  const catalogue = useCatalogue()
  const live = (catalogue?.services ?? []).filter((each) => each.live)
  // What is being typed; between two words the box shows what the address holds.
  const [typed, setTyped] = useState<string | null>(null)
  const settled = useSettled(typed, 250)
  useEffect(() => {
    if (typed === null || typed !== settled) return
    change({ q: typed.trim() })
    setTyped(null)
  })
  const clear = () => change({ view: '', state: '', service: '', q: '', from: '', to: '' })
  return (
    <div className={styles.filters}>
      <Segmented
        value={filter.view}
        onChange={(view) => change({ view: view === 'all' ? '' : view, state: '' })}
        options={VIEWS.map((value) => ({ value, label: t(value) }))}
      />
      <Select
        aria-label={t('anyState')}
        value={filter.state ?? ''}
        onChange={(value) => change({ state: value, view: '' })}
        popupMatchSelectWidth={false}
        options={[
          { value: '', label: t('anyState') },
          ...STATES.map((value) => ({ value, label: state(value) })),
        ]}
      />
      <Select
        aria-label={t('anyService')}
        value={filter.service ?? ''}
        onChange={(service) => change({ service })}
        popupMatchSelectWidth={false}
        options={[
          { value: '', label: t('anyService') },
          ...live.map((each) => ({ value: each.code, label: pick(each.label) })),
        ]}
      />
      <span className={styles.days}>
        <Input
          type="date"
          aria-label={t('firstDay')}
          value={filter.from ?? ''}
          max={filter.to}
          onChange={(event) => change({ from: event.target.value })}
        />
        –
        <Input
          type="date"
          aria-label={t('lastDay')}
          value={filter.to ?? ''}
          min={filter.from}
          onChange={(event) => change({ to: event.target.value })}
        />
      </span>
      <Input.Search
        allowClear
        className={styles.search}
        placeholder={t('search')}
        aria-label={t('search')}
        value={typed ?? filter.q ?? ''}
        onChange={(event) => setTyped(event.target.value)}
      />
      {filtered ? (
        <Button type="link" onClick={clear}>
          {t('clear')}
        </Button>
      ) : null}
    </div>
  )
}

function NoRows({ filtered }: { filtered: boolean }) {
  const t = useWords()
  return filtered ? (
    <Empty title={t('noMatch')} teach={t('noMatchTeach')} />
  ) : (
    <Empty title={t('empty')} teach={t('emptyTeach')} />
  )
}

/** Rows as tall as the real ones, so nothing jumps when they come. */
export function RowSkeletons({ count = 8 }: { count?: number }) {
  return (
    <div aria-hidden>
      {Array.from({ length: count }, (_, index) => `row-${index}`).map((key) => (
        <div key={key} className={styles.skeleton}>
          <Skeleton active title={false} paragraph={{ rows: 2, width: ['60%', '90%'] }} />
        </div>
      ))}
    </div>
  )
}
