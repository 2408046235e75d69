/** 调度台: what will be late first, who could take it and why not, and whose each case is. */
import { PieChartOutlined } from '@ant-design/icons'
import { Button, Drawer, Input, type InputRef } from 'antd'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { ToSignStrip } from '../conference/case/ToSign'
import { useColumns } from '../reading/api'
import { Chips } from '../reading/Chips'
import { FloatingBar } from '../reading/FloatingBar'
import { ListHead } from '../reading/ListHead'
import { QueueList } from '../reading/QueueList'
import { moved, useRows, useSelection } from '../reading/useRows'
import { RowSkeletons } from '../requests/DayPage'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { useMarks } from '../shared/marks'
import { NewRowsPill } from '../shared/NewRows'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestRow } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { useSettled } from '../shared/useSettled'
import { AssignmentButton } from './Assignment'
import type { DispatchList } from './api'
import { ChosenCase } from './ChosenCase'
import { CoverDialog } from './CoverDialog'
import styles from './DispatchPage.module.css'
import { useDispatchKeys } from './keys'
import { ListTabs } from './ListTabs'
import { assignable, type Line } from './lines'
import { enter, ReadersPanel } from './ReadersPanel'
import { useAssign } from './useAssign'
import { type Readers, useReaders } from './useReaders'
import { useWhere } from './useWhere'
import { useWords } from './words'

export function DispatchPage() {
  const t = useWords()
  const at = useWhere()
  const [text, setText] = useState('')
  const list = useList(at, text)
  const [selected, setSelected] = useSelection(list.rows, at.first)
  useEffect(() => at.remember(selected?.id ?? ''), [selected?.id, at.remember])
  const marks = useMarks(list.rows, list.scope)
  const picked = marks.rows.length > 0 ? marks.rows : selected ? [selected] : []
  const chosen = picked.filter(assignable)
  const given = chosen.filter((row) => row.scheduled_performer !== null)
  const readers = useReaders(chosen)
  const assigning = useAssign(marks.clear)
  const [covered, setCovered] = useState<Line | null>(null)
  const [choosing, setChoosing] = useState(false)
  const narrow = useNarrow()
  const panel = useRef<HTMLUListElement>(null)
  const queue = useRef<HTMLDivElement>(null)
  const search = useRef<InputRef>(null)
  const go = useNavigate()
  const choose = () => (narrow ? setChoosing(true) : enter(panel.current))
  const leave = () => {
    setChoosing(false)
    queue.current?.querySelector<HTMLElement>('[role="listbox"]')?.focus()
  }
  const assign = (line: Line) => {
    if (line.fits.length === 0 || line.has) return
    const wishes = line.fits.map((id) => ({ request_id: id, person_id: line.person_id }))
    assigning.order({ wishes, name: line.name })
    leave()
  }
  const unassign = () => {
    const wishes = given.map((row) => ({ request_id: row.id, person_id: null }))
    assigning.order({ wishes, name: null })
  }
  usePageKeys(
    useDispatchKeys({
      move: (by) => setSelected(moved(list.rows, selected, by)),
      mark: () => selected && marks.toggle(selected.id),
      further: (by) => {
        const next = moved(list.rows, selected, by)
        if (!next) return
        marks.extend(selected?.id ?? null, next.id)
        setSelected(next)
      },
      all: marks.all,
      clear: marks.clear,
      choose,
      unassign,
      open: () => selected && void go(`/read/${selected.id}`),
      release: list.held.release,
      search: () => search.current?.focus(),
      list: at.setList,
    }),
  )
  const side = (
    <Side
      rows={picked}
      many={chosen.length}
      readers={readers}
      only={at.person}
      place={panel}
      onAssign={assign}
      onOnly={at.setPerson}
      onCover={setCovered}
      onLeave={leave}
    />
  )
  return (
    <main className={styles.page}>
      <h1 className="visually-hidden">{t('title')}</h1>
      <section className={styles.queue} ref={queue}>
        <Head at={at} list={list} readers={readers} text={text} onText={setText} search={search} />
        <div className={styles.listPlace}>
          <NewRowsPill held={list.held.held} onRelease={list.held.release} />
          {list.waiting ? <RowSkeletons count={10} /> : null}
          {list.empty ? <Nothing list={at.list} filtered={list.filtered} /> : null}
          <QueueList
            rows={list.rows}
            columns={list.columns}
            label={t('queue', { list: t(at.list), n: list.rows.length })}
            marks={marks}
            selected={selected}
            onSelect={setSelected}
            onOpen={choose}
            onEnd={list.more}
          />
          <Bar
            marked={marks.rows.length}
            always={narrow}
            chosen={chosen.length}
            given={given.length}
            busy={assigning.busy}
            onChoose={choose}
            onUnassign={unassign}
            onClear={marks.clear}
          />
        </div>
      </section>
      {narrow ? (
        <Drawer
          open={choosing}
          placement="bottom"
          size="70%"
          title={t('readers')}
          classNames={{ body: styles.drawer ?? '' }}
          onClose={() => setChoosing(false)}
        >
          {side}
        </Drawer>
      ) : (
        <aside className={styles.side}>{side}</aside>
      )}
      <CoverDialog
        person={covered}
        readers={readers.all}
        busy={assigning.busy}
        onClose={() => setCovered(null)}
        onOk={(wishes) => {
          assigning.order({ wishes, name: t('severalPeople') })
          setCovered(null)
        }}
      />
    </main>
  )
}

function useList(at: ReturnType<typeof useWhere>, text: string) {
  const q = useSettled(text.trim(), 250)
  const columns = useColumns()
  const list = useRows({
    tab: at.list,
    service: at.service,
    sort: at.sort,
    person: at.person,
    trying: q ? { text: q } : null,
  })
  return { ...list, columns, filtered: Boolean(at.person || q || at.service) }
}

interface HeadProps {
  at: ReturnType<typeof useWhere>
  list: ReturnType<typeof useList>
  readers: Readers
  text: string
  onText: (text: string) => void
  search: RefObject<InputRef | null>
}

function Head({ at, list, readers, text, onText, search }: HeadProps) {
  const t = useWords()
  const go = useNavigate()
  const only = readers.all.find((each) => each.person_id === at.person)
  return (
    <div>
      <ToSignStrip />
      <ListTabs list={at.list} counts={list.head?.counts} onList={at.setList} />
      <header className={styles.head}>
        <Chips services={list.head?.services ?? []} chosen={at.service} onService={at.setService} />
        {at.person ? (
          <Button size="small" onClick={() => at.setPerson('')} title={t('everybody')}>
            {t('only', { who: only?.name ?? '…' })} ✕
          </Button>
        ) : null}
        <AssignmentButton />
        <Button
          size="small"
          icon={<PieChartOutlined aria-hidden />}
          onClick={() => void go('/fairness')}
        >
          {t('fairness')}
        </Button>
        <Input
          ref={search}
          allowClear
          size="small"
          className={styles.search}
          placeholder={t('search')}
          aria-label={t('search')}
          value={text}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      </header>
      <ListHead columns={list.columns} sort={at.sort} onSort={at.setSort} marks />
      {list.error ? <ProblemNotice error={list.error} onRetry={list.again} /> : null}
    </div>
  )
}

interface SideProps {
  rows: readonly RequestRow[]
  /** How many of them can be assigned. */
  many: number
  readers: Readers
  only: string
  place: RefObject<HTMLUListElement | null>
  onAssign: (line: Line) => void
  onOnly: (person: string) => void
  onCover: (line: Line) => void
  onLeave: () => void
}

/** What is chosen, and who could have it. */
function Side({ rows, many, readers, ...panel }: SideProps) {
  const t = useWords()
  const title = many > 1 ? 'readersForMany' : many === 1 ? 'readersFor' : 'readers'
  return (
    <>
      <ChosenCase rows={rows} />
      <h2 className={styles.sub}>{t(title, { n: many })}</h2>
      {readers.error ? <ProblemNotice error={readers.error} onRetry={readers.again} /> : null}
      {readers.waiting ? (
        <RowSkeletons count={5} />
      ) : (
        <ReadersPanel lines={readers.lines} label={t('readers')} {...panel} />
      )}
      <p className={styles.teach}>{t('readersTeach')}</p>
    </>
  )
}

interface BarProps {
  marked: number
  /** Where the readers are behind a button, the bar is always there. */
  always: boolean
  chosen: number
  given: number
  busy: boolean
  onChoose: () => void
  onUnassign: () => void
  onClear: () => void
}

function Bar({ marked, always, chosen, given, busy, onChoose, onUnassign, onClear }: BarProps) {
  const t = useWords()
  return (
    <FloatingBar shown={marked > 0 || always}>
      {marked > 0 ? t('marked', { n: marked }) : null}
      <Button size="small" type="primary" disabled={chosen === 0} loading={busy} onClick={onChoose}>
        {t('choosePerson')}
      </Button>
      {given > 0 ? (
        <Button size="small" onClick={onUnassign}>
          {t('unassign', { n: given })}
        </Button>
      ) : null}
      {marked > 0 ? (
        <Button size="small" type="text" onClick={onClear}>
          {t('unmark')}
        </Button>
      ) : null}
    </FloatingBar>
  )
}

const EMPTY = {
  open: ['emptyOpen', 'emptyOpenTeach'],
  danger: ['emptyDanger', 'emptyDangerTeach'],
  free: ['emptyFree', 'emptyFreeTeach'],
  assigned: ['emptyAssigned', 'emptyAssignedTeach'],
  reserved: ['emptyReserved', 'emptyReservedTeach'],
  held: ['emptyHeld', 'emptyHeldTeach'],
} as const

function Nothing({ list, filtered }: { list: DispatchList; filtered: boolean }) {
  const t = useWords()
  const [title, teach] = filtered ? (['emptyFilter', 'emptyFilterTeach'] as const) : EMPTY[list]
  return <Empty title={t(title)} teach={t(teach)} />
}
