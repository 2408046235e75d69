/** The requesting doctor's day: what waits for me on the left, all our requests on the right. */
import { PlusOutlined } from '@ant-design/icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Button, Input, Segmented, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestRow, TodoOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { type ListFilter, listQuery, todoQuery, useCatalogue } from './api'
import { CaseRow } from './CaseRow'
import styles from './DayPage.module.css'
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
  ['critical', 'critical'],
  ['returned', 'returned'],
  ['declined', 'declined'],
  ['to_read', 'toRead'],
  ['drafts', 'drafts'],
] as const satisfies readonly (readonly [keyof TodoOut, string])[]

function Waiting() {
  const t = useWords()
  const todo = useQuery(todoQuery)
  const groups = GROUPS.filter(([key]) => (todo.data?.[key].length ?? 0) > 0)
  return (
    <aside className={styles.waiting} aria-label={t('waits')}>
      <h2 className={styles.heading}>{t('waits')}</h2>
      {todo.error ? <ProblemNotice error={todo.error} onRetry={() => void todo.refetch()} /> : null}
      {todo.isPending ? <Skeleton active paragraph={{ rows: 6 }} title={false} /> : null}
      {todo.data && groups.length === 0 ? (
        <Empty small title={t('nothingWaits')} teach={t('nothingWaitsTeach')} />
      ) : null}
      {groups.map(([key, word]) => (
        <section key={key} className={styles.group}>
          <h3 className={styles.groupTitle}>
            {t(word)} <span className={styles.groupCount}>{todo.data?.[key].length}</span>
          </h3>
          <ul className={styles.list}>
            {todo.data?.[key].map((row) => (
              <li key={row.id}>
                <WaitingRow row={row} kind={key} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </aside>
  )
}

function WaitingRow({ row, kind }: { row: RequestRow; kind: keyof TodoOut }) {
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
      </span>
    </Link>
  )
}

function Requests({ writes }: { writes: boolean }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [view, setView] = useState<ListFilter['view']>('all')
  const [service, setService] = useState<string>('')
  const [text, setText] = useState('')
  const q = useSettled(text.trim(), 250)
  const list = useInfiniteQuery(
    listQuery({ view, ...(service ? { service } : {}), ...(q ? { q } : {}) }),
  )
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  return (
    <section className={styles.requests} aria-label={t('ours')}>
      <header className={styles.head}>
        <h1 className={styles.title}>{t('ours')}</h1>
        <span className={styles.total}>{total === undefined ? '' : t('total', { n: total })}</span>
        {writes ? (
          <Link to="/new" className={styles.new}>
            <Button type="primary" size="large" icon={<PlusOutlined />} tabIndex={-1}>
              {t('newRequest')}
            </Button>
          </Link>
        ) : null}
      </header>
      <div className={styles.filters}>
        <Segmented
          value={view}
          onChange={setView}
          options={(['all', 'active', 'done'] as const).map((value) => ({
            value,
            label: t(value),
          }))}
        />
        <Select
          aria-label={t('anyService')}
          value={service}
          onChange={setService}
          popupMatchSelectWidth={false}
          options={[
            { value: '', label: t('anyService') },
            ...(catalogue?.services ?? [])
              .filter((each) => each.live)
              .map((each) => ({ value: each.code, label: pick(each.label) })),
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
      {list.data && rows.length === 0 ? (
        <NoRows filtered={Boolean(q || service) || view !== 'all'} />
      ) : null}
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
