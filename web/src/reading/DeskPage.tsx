/** The reader's desk: the queue is the page. Arrow keys move, Enter claims and opens. */
import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { App, Input, Select } from 'antd'
import { useEffect, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { claim, useCatalogue } from '../requests/api'
import { RowSkeletons } from '../requests/DayPage'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { type PageKey, usePageKeys } from '../shared/keys'
import { NewRowsPill, useHeldRows } from '../shared/NewRows'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type { RequestRow, WorklistOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { TABS, type Tab, worklistQuery } from './api'
import styles from './DeskPage.module.css'
import { Preview } from './Preview'
import { QueueList } from './QueueList'
import { useWords } from './words'

export function DeskPage() {
  const [params, setParams] = useSearchParams()
  const tab = TABS.find((each) => each === params.get('tab')) ?? 'pool'
  const service = params.get('service') ?? ''
  const [text, setText] = useState('')
  const q = useSettled(tab === 'archive' ? text.trim() : '', 250)
  const list = useInfiniteQuery({
    ...worklistQuery(tab, service, q),
    placeholderData: keepPreviousData,
  })
  const pages = list.data?.pages ?? []
  const counts = pages[0]?.counts
  const fresh = list.isPlaceholderData ? [] : unique(pages.flatMap((page) => page.items))
  // A page that was asked for is no surprise: only rows that come by themselves are held back.
  const held = useHeldRows(fresh, mayInterrupt, `${tab} ${service} ${q} ${pages.length}`)
  const rows = list.isPlaceholderData ? [] : held.visible
  const [selected, setSelected] = useSelection(rows)
  const open = useOpen()
  const setTab = (next: Tab) => setParams(withValue(params, 'tab', next), { replace: true })
  usePageKeys(
    useDeskKeys({
      move: (by) => setSelected(moved(rows, selected, by)),
      open: () => selected && open(selected),
      release: held.release,
      setTab,
    }),
  )
  usePressingTitle(counts)
  return (
    <main className={styles.desk}>
      <section className={styles.queue}>
        <header className={styles.head}>
          <Tabs tab={tab} counts={counts} onTab={setTab} />
          <ServiceFilter
            service={service}
            onService={(next) => setParams(withValue(params, 'service', next), { replace: true })}
          />
        </header>
        <div className={styles.notices}>
          {tab === 'archive' ? <ArchiveSearch text={text} onText={setText} /> : null}
          {list.error ? (
            <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
          ) : null}
        </div>
        <div className={styles.listPlace}>
          <NewRowsPill held={held.held} onRelease={held.release} />
          {list.isPending || list.isPlaceholderData ? <RowSkeletons count={10} /> : null}
          {list.data && !list.isPlaceholderData && rows.length === 0 && held.held === 0 ? (
            <NothingHere tab={tab} />
          ) : null}
          <QueueList
            rows={rows}
            tab={tab}
            selected={selected}
            onSelect={setSelected}
            onOpen={open}
            onEnd={() => {
              if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
            }}
          />
        </div>
      </section>
      <Preview row={selected} tab={tab} onOpen={open} />
    </main>
  )
}

/** Only these come in without being asked: everything else waits behind the pill. */
function mayInterrupt(row: RequestRow): boolean {
  return row.urgency === 'stat' || row.critical || row.claim?.mine === true
}

/** A case that moved up while pages were fetched is in two of them; the first place counts. */
function unique(rows: readonly RequestRow[]): RequestRow[] {
  return [...new Map([...rows].reverse().map((row) => [row.id, row])).values()].reverse()
}

function withValue(params: URLSearchParams, key: string, value: string): URLSearchParams {
  const next = new URLSearchParams(params)
  if (value) next.set(key, value)
  else next.delete(key)
  return next
}

/** The selected row, kept by id while rows come and go; where it left, its neighbour. */
function useSelection(rows: readonly RequestRow[]) {
  const [chosen, setChosen] = useState<{ id: string; index: number } | null>(null)
  const at = chosen ? rows.findIndex((row) => row.id === chosen.id) : -1
  const index = at >= 0 ? at : Math.min(chosen?.index ?? 0, rows.length - 1)
  const select = (row: RequestRow | null) =>
    setChosen(row ? { id: row.id, index: rows.findIndex((each) => each.id === row.id) } : null)
  return [rows[index] ?? null, select] as const
}

function moved(
  rows: readonly RequestRow[],
  from: RequestRow | null,
  by: number,
): RequestRow | null {
  const at = from ? rows.findIndex((row) => row.id === from.id) : -1
  return rows[Math.max(0, Math.min(rows.length - 1, at + by))] ?? null
}

/** Opens a case, claiming it first when it is in the pool and the person may. */
export function useOpen(): (row: RequestRow) => void {
  const go = useNavigate()
  const { message } = App.useApp()
  const t = useWords()
  // A coordinator moves work and never reads: for them opening is only looking.
  const writes = useMay('write-reports')
  const take = useMutation({
    mutationFn: (row: RequestRow) => claim(row.id),
    onSuccess: (after) => void go(`/read/${after.id}`),
    onError: (error) => {
      void message.warning(problemWords(error).what)
      void queryClient.invalidateQueries({ queryKey: [KEYS.worklist] })
    },
  })
  return (row) => {
    if (take.isPending) return
    if (!writes) void go(`/read/${row.id}`)
    else if (row.why_not) void message.warning(t('whyNot', { why: pick(row.why_not) }))
    else if (row.state === 'open' && row.claim === null && row.report_state !== 'preliminary')
      take.mutate(row)
    else void go(`/read/${row.id}`)
  }
}

interface Deeds {
  move: (by: number) => void
  open: () => void
  release: () => void
  setTab: (tab: Tab) => void
}

function useDeskKeys(deeds: Deeds): PageKey[] {
  const t = useWords()
  return [
    { combo: 'ArrowDown', label: t('keyDown'), run: () => deeds.move(1) },
    { combo: 'ArrowUp', label: t('keyUp'), run: () => deeds.move(-1) },
    { combo: 'Enter', label: t('keyEnter'), run: deeds.open },
    { combo: 'n', label: t('keyNew'), run: deeds.release },
    ...TABS.map((tab, index) => ({
      combo: String(index + 1),
      label: `${t('keyTab')}：${t(tab)}`,
      run: () => deeds.setTab(tab),
    })),
  ]
}

interface TabsProps {
  tab: Tab
  counts: WorklistOut['counts'] | undefined
  onTab: (tab: Tab) => void
}

function Tabs({ tab, counts, onTab }: TabsProps) {
  const t = useWords()
  const pressing = counts?.pressing ?? 0
  return (
    <div className={styles.tabs} role="tablist" aria-label={t('title')}>
      {TABS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          aria-selected={each === tab}
          className={`${styles.tab} ${each === tab ? styles.here : ''}`}
          onClick={() => onTab(each)}
        >
          {t(each)}
          <Count tab={each} counts={counts} />
          {each === 'pool' && pressing > 0 ? (
            <span className={styles.pressing}>{t('pressing', { n: pressing })}</span>
          ) : null}
        </button>
      ))}
    </div>
  )
}

/** The archive only grows: it is counted for those who look at it. */
function Count({ tab, counts }: Pick<TabsProps, 'tab' | 'counts'>) {
  const count = counts?.[tab]
  if (counts && count === undefined) return null
  return <span className={styles.count}>{count?.toLocaleString() ?? '…'}</span>
}

function ServiceFilter({
  service,
  onService,
}: {
  service: string
  onService: (code: string) => void
}) {
  const t = useWords()
  const live = (useCatalogue()?.services ?? []).filter((each) => each.live)
  return (
    <Select
      aria-label={t('anyService')}
      value={service}
      onChange={onService}
      popupMatchSelectWidth={false}
      options={[
        { value: '', label: t('anyService') },
        ...live.map((each) => ({ value: each.code, label: pick(each.label) })),
      ]}
    />
  )
}

function ArchiveSearch({ text, onText }: { text: string; onText: (text: string) => void }) {
  const t = useWords()
  return (
    <Input.Search
      allowClear
      className={styles.search}
      placeholder={t('searchArchive')}
      aria-label={t('searchArchive')}
      value={text}
      onChange={(event) => onText(event.target.value)}
    />
  )
}

const EMPTY = {
  pool: ['emptyPool', 'emptyPoolTeach'],
  mine: ['emptyMine', 'emptyMineTeach'],
  verify: ['emptyVerify', 'emptyVerifyTeach'],
  check: ['emptyCheck', 'emptyCheckTeach'],
  held: ['emptyHeld', 'emptyHeldTeach'],
  returned: ['emptyReturned', 'emptyReturnedTeach'],
  done: ['emptyDone', 'emptyDoneTeach'],
  archive: ['emptyArchive', 'emptyArchiveTeach'],
} as const

function NothingHere({ tab }: { tab: Tab }) {
  const t = useWords()
  const [title, teach] = EMPTY[tab]
  return <Empty title={t(title)} teach={t(teach)} />
}

/** The number of waiting cases in the tab's title, for whoever works in another window. */
function usePressingTitle(counts: WorklistOut['counts'] | undefined): void {
  const t = useWords()
  const count = counts?.pool ?? 0
  const name = t('title')
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${name}` : name
  }, [count, name])
}
