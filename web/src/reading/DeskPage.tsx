/** The reader's desk: the queue is the page. Arrow keys move, Enter claims and opens. */
import { FilterOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Input, type InputRef } from 'antd'
import { useRef, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { ToSignStrip } from '../conference/case/ToSign'
import { Invitations } from '../opinions/Invitations'
import { claim, isListedToWatch } from '../requests/api'
import { RowSkeletons } from '../requests/DayPage'
import { StepDialog } from '../requests/StepDialog'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { type PageKey, usePageKeys } from '../shared/keys'
import { useMarks } from '../shared/marks'
import { NewRowsPill } from '../shared/NewRows'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type { FilterOut, RequestRow } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { keepSettings, type Tab, tabsFor, useColumns, useSettings } from './api'
import { Chips } from './Chips'
import styles from './DeskPage.module.css'
import { FilterDialog } from './FilterDialog'
import { ListHead } from './ListHead'
import { MarkBar, useMarkable, useMarkDeeds, useMarkKeys } from './MarkBar'
import { OpenCases, useReturn } from './OpenCases'
import { Preview } from './Preview'
import { QueueList } from './QueueList'
import { Rail, useFilters, useTabName } from './Rail'
import { moved, useRows, useSelection } from './useRows'
import { useWords } from './words'

/** The list that is shown: of a tab or a saved filter, in its order, searched as one types. */
function useList(at: ReturnType<typeof useWhere>, text: string) {
  const { tab, service, filter } = at
  const settings = useSettings()
  const q = useSettled(text.trim(), 250)
  const saved = useFilters().find((each) => each.id === filter)
  const sort = fitting(at.sort ?? (saved ? saved.sort : (settings?.sort ?? '')), tab)
  const trying = q ? { ...saved?.conditions, text: q } : null
  const list = useRows({ tab, service, filter, sort, trying })
  return { ...list, saved, sort, filtered: filter !== '' || q !== '' }
}

export function DeskPage() {
  const t = useWords()
  const tabs = tabsFor(useMay('write-reports'))
  const at = useWhere(tabs)
  const { tab } = at
  const columns = useColumns()
  const [text, setText] = useState('')
  const list = useList(at, text)
  const { rows, held, saved } = list
  const [selected, setSelected] = useSelection(rows)
  const open = useOpen()
  const [taking, setTaking] = useState<RequestRow | null>(null)
  const markable = useMarkable(tab)
  const marks = useMarks(rows, list.scope)
  const deeds = useMarkDeeds(marks, selected)
  const markKeys = useMarkKeys(rows, marks, deeds, selected, setSelected)
  const name = useTabName()
  const [editing, setEditing] = useState<FilterOut | null | undefined>(undefined)
  const search = useRef<InputRef>(null)
  const go = useNavigate()
  usePageKeys([
    ...(markable ? markKeys : []),
    ...useDeskKeys(tabs, {
      move: (by) => setSelected(moved(rows, selected, by)),
      open: () => selected && open(selected),
      release: held.release,
      setTab: at.setTab,
      edit: () => setEditing(null),
      search: () => search.current?.focus(),
      handover: () => void go('/handover'),
    }),
  ])
  const onSort = (next: string) => {
    at.setSort(next)
    if (!saved) keepSettings({ sort: next })
  }
  return (
    <main className={styles.desk}>
      <Rail
        tabs={tabs}
        tab={tab}
        filter={at.filter}
        counts={list.head?.counts}
        onTab={at.setTab}
        onFilter={at.setFilter}
        onEdit={setEditing}
      />
      <section className={styles.queue}>
        <div>
          <Invitations />
          <ToSignStrip />
          <OpenCases />
          <header className={styles.head}>
            <Chips
              services={list.head?.services ?? []}
              chosen={at.service}
              onService={at.setService}
            />
            <Input
              ref={search}
              allowClear
              size="small"
              className={styles.search}
              placeholder={t('search')}
              aria-label={t('search')}
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
            />
            <Button
              size="small"
              icon={<FilterOutlined />}
              onClick={() => setEditing(saved?.mine ? saved : null)}
              aria-label={t(saved?.mine ? 'editFilter' : 'newFilter')}
              title={t(saved?.mine ? 'editFilter' : 'newFilter')}
            />
          </header>
          <ListHead columns={columns} sort={list.sort} onSort={onSort} marks={markable} />
          {list.error ? <ProblemNotice error={list.error} onRetry={list.again} /> : null}
        </div>
        <div className={styles.listPlace}>
          <NewRowsPill held={held.held} onRelease={held.release} />
          {list.waiting ? <RowSkeletons count={10} /> : null}
          {list.empty ? <NothingHere tab={tab} filtered={list.filtered} /> : null}
          <QueueList
            rows={rows}
            columns={columns}
            label={t('queue', { tab: name(tab), n: rows.length })}
            marks={markable ? marks : undefined}
            selected={selected}
            onSelect={setSelected}
            onOpen={open}
            onEnd={list.more}
          />
          <MarkBar marks={marks} deeds={deeds} />
        </div>
      </section>
      <Preview row={selected} tab={tab} onOpen={open} onTakeOver={setTaking} />
      {taking ? <TakeOver row={taking} onClose={() => setTaking(null)} /> : null}
      <FilterDialog
        filter={editing}
        tab={tab}
        sort={list.sort}
        onClose={() => setEditing(undefined)}
        onSaved={(kept) => {
          setEditing(undefined)
          at.setFilter(kept)
        }}
      />
    </main>
  )
}

/** A case of somebody else, with a reason; then it is opened as one's own. */
function TakeOver({ row, onClose }: { row: RequestRow; onClose: () => void }) {
  const go = useNavigate()
  return (
    <StepDialog
      row={row}
      step="takeover"
      onClose={onClose}
      onDone={() => void go(`/read/${row.id}`)}
    />
  )
}

/** Which list is shown: it stands in the address, so that back and forward work. */
function useWhere(tabs: readonly Tab[]) {
  const [params, setParams] = useSearchParams()
  const show = (next: Record<string, string>) =>
    setParams(new URLSearchParams(Object.entries(next).filter(([, value]) => value !== '')), {
      replace: true,
    })
  const tab = tabs.find((each) => each === params.get('tab')) ?? 'pool'
  const service = params.get('service') ?? ''
  const filter = params.get('filter') ?? ''
  return {
    tab,
    service,
    filter,
    sort: params.get('sort'),
    setTab: (next: Tab) => show({ tab: next, service }),
    setService: (next: string) => show({ tab, service: next, filter }),
    setFilter: (next: FilterOut) => show({ tab: next.tab, filter: next.id }),
    setSort: (next: string) => {
      const given = new URLSearchParams(params)
      given.set('sort', next)
      setParams(given, { replace: true })
    },
  }
}

/** Only what was answered can be sorted by when. */
function fitting(sort: string, tab: Tab): string {
  return tab === 'done' || tab === 'archive' || !sort.includes('issued') ? sort : ''
}

/** Opens a case, claiming it first when it is in the pool and the person may. */
export function useOpen(): (row: RequestRow) => void {
  const go = useNavigate()
  const back = useReturn()
  const { message } = App.useApp()
  const t = useWords()
  // A coordinator moves work and never reads: for them opening is only looking.
  const writes = useMay('write-reports')
  const take = useMutation({
    mutationFn: (row: RequestRow) => claim(row.id),
    onSuccess: (after) => void go(`/read/${after.id}`),
    onError: (error, row) => {
      if (isListedToWatch(error)) return void go(`/read/${row.id}`)
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
    else if (row.claim?.mine && row.claim.aside_at) back(row)
    else void go(`/read/${row.id}`)
  }
}

interface Deeds {
  move: (by: number) => void
  open: () => void
  release: () => void
  setTab: (tab: Tab) => void
  edit: () => void
  search: () => void
  handover: () => void
}

function useDeskKeys(tabs: readonly Tab[], deeds: Deeds): PageKey[] {
  const t = useWords()
  const name = useTabName()
  return [
    { combo: 'ArrowDown', label: t('keyDown'), run: () => deeds.move(1) },
    { combo: 'ArrowUp', label: t('keyUp'), run: () => deeds.move(-1) },
    { combo: 'PageDown', label: t('keyPageDown'), run: () => deeds.move(10) },
    { combo: 'PageUp', label: t('keyPageUp'), run: () => deeds.move(-10) },
    { combo: 'Enter', label: t('keyEnter'), run: deeds.open },
    { combo: 'n', label: t('keyNew'), run: deeds.release },
    { combo: '/', label: t('keySearch'), run: deeds.search },
    { combo: 'f', label: t('keyFilter'), run: deeds.edit },
    { combo: 'h', label: t('handover'), run: deeds.handover },
    // Ten lists have a digit; what is behind them is looked at rarely.
    ...tabs.slice(0, 10).map((tab, index) => ({
      combo: String((index + 1) % 10),
      label: `${t('keyTab')}：${name(tab)}`,
      run: () => deeds.setTab(tab),
    })),
  ]
}

const EMPTY = {
  pool: ['emptyPool', 'emptyPoolTeach'],
  assigned: ['emptyAssigned', 'emptyAssignedTeach'],
  reserved: ['emptyReserved', 'emptyReservedTeach'],
  mine: ['emptyMine', 'emptyMineTeach'],
  aside: ['emptyAside', 'emptyAsideTeach'],
  verify: ['emptyVerify', 'emptyVerifyTeach'],
  check: ['emptyCheck', 'emptyCheckTeach'],
  held: ['emptyHeld', 'emptyHeldTeach'],
  returned: ['emptyReturned', 'emptyReturnedTeach'],
  done: ['emptyDone', 'emptyDoneTeach'],
  archive: ['emptyArchive', 'emptyArchiveTeach'],
} as const

function NothingHere({ tab, filtered }: { tab: Tab; filtered: boolean }) {
  const t = useWords()
  const [title, teach] = filtered ? (['emptyFilter', 'emptyFilterTeach'] as const) : EMPTY[tab]
  return <Empty title={t(title)} teach={t(teach)} />
}
