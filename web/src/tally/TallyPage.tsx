/**
 * 统计: one month, one sentence on top, then the table, and behind every number its cases.
 *
 * What is asked stands in the address, so a page can be sent to whoever has to answer for it. A
 * supervisor's day begins here too, with the region as tiles beside the table.
 */
import { InfoCircleOutlined, SyncOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Tooltip } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { TallyOut, TallyRow } from '../shared/schema'
import { useUrgencyWords } from '../shared/tags'
import { pick } from '../shared/words'
import { type Asked, behind, DIMENSIONS, type Side, tallyQuery } from './api'
import { Board } from './Board'
import { ColumnChooser } from './ColumnChooser'
import { type ColumnOf, columnsOf, LEADING, type Order, sortRows, useShownColumns } from './columns'
import { KeyFigures } from './KeyFigures'
import { monthAfter, monthWords } from './numbers'
import { PrintForm } from './PrintForm'
import styles from './TallyPage.module.css'
import { type Spot, TallyTable } from './TallyTable'
import { TileMap } from './TileMap'
import { Toolbar } from './Toolbar'
import { TrendPanel } from './TrendPanel'
import { useAsked } from './useAsked'
import { say, useWords } from './words'

// What is opened by a click need not come before the numbers.
const CasesDrawer = lazy(async () => ({ default: (await import('./CasesDrawer')).CasesDrawer }))
const DefinitionsDrawer = lazy(async () => ({
  default: (await import('./DefinitionsDrawer')).DefinitionsDrawer,
}))

/** Rows from which a filter by name is worth its place. */
const MANY = 12
/** Rows up to which the trend has more room below the table than beside it. */
const FEW = 8

export function TallyPage() {
  const t = useWords()
  const me = useMe()
  const { asked, board, thisMonth, move } = useAsked(me)
  const onBoard = board.view === 'board'
  const { data, error, refetch, isPlaceholderData } = useQuery(tallyQuery(asked))
  const [definitions, setDefinitions] = useState(false)
  const [shown, choose] = useShownColumns(me, asked.side)
  const columns = data === undefined ? [] : columnsOf(data.indicators, asked.side)
  usePageKeys([
    {
      combo: 'ArrowLeft',
      label: t('keyMonthBefore'),
      run: () => move({ month: monthAfter(asked.month, -1) }),
    },
    {
      combo: 'ArrowRight',
      label: t('keyMonthAfter'),
      run: () => move({ month: monthAfter(asked.month, 1) }),
    },
    { combo: 's', label: t('keySide'), run: () => move({ side: otherSide(asked.side) }) },
    ...DIMENSIONS.map((by, index) => ({
      combo: String(index + 1),
      label: t('keyBy', { name: t(by) }),
      run: () => move({ by }),
    })),
    ...(me.region === null
      ? []
      : [
          {
            combo: 'b',
            label: t('keyBoard'),
            run: () => move({ view: onBoard ? 'table' : 'board' }),
          },
        ]),
    { combo: 'd', label: t('keyDefinitions'), run: () => setDefinitions(true) },
  ])
  return (
    <main className={styles.page}>
      <h1 className="visually-hidden">{`${t('title')} ${monthWords(asked.month)}`}</h1>
      <Toolbar
        asked={asked}
        view={board.view}
        firstMonth={data?.first_month ?? null}
        thisMonth={thisMonth}
        onMove={move}
        onDefinitions={() => setDefinitions(true)}
      >
        <ColumnChooser columns={columns} shown={shown} onChoose={choose} />
      </Toolbar>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      {data === undefined ? (
        error ? null : (
          <Waiting />
        )
      ) : (
        <div className={`${styles.month} ${isPlaceholderData ? styles.old : ''}`}>
          <Sentence tally={data} open={asked.month === thisMonth} />
          {onBoard ? (
            <Board asked={asked} board={board} onMove={move} />
          ) : isEmpty(data) && !isPlaceholderData ? (
            <EmptyMonth asked={asked} move={move} />
          ) : (
            <Month
              key={`${asked.side}.${asked.by}`}
              asked={asked}
              tally={data}
              columns={columns}
              shown={shown}
            />
          )}
          <Suspense>
            <DefinitionsDrawer
              open={definitions}
              onClose={() => setDefinitions(false)}
              rule={data.rule}
              columns={columns}
              shown={shown}
            />
          </Suspense>
        </div>
      )}
    </main>
  )
}

/** What changed and where, and whether the numbers are still moving. */
function Sentence({ tally, open }: { tally: TallyOut; open: boolean }) {
  const t = useWords()
  const late = behind(tally)
  return (
    <p className={styles.sentence}>
      <InfoCircleOutlined aria-hidden className={styles.sentenceIcon} />
      <span>{tally.highlights.map(pick).join(' ')}</span>
      {open ? <span className={styles.open}>{t('monthOpen')}</span> : null}
      {late > 0 ? (
        <Tooltip title={t('updatingWhy', { n: late })}>
          <span className={styles.updating} role="status">
            <SyncOutlined spin aria-hidden /> {t('updating')}
          </span>
        </Tooltip>
      ) : null}
    </p>
  )
}

interface MonthProps {
  asked: Asked
  tally: TallyOut
  columns: ColumnOf[]
  shown: readonly string[]
}

function Month({ asked, tally, columns, shown }: MonthProps) {
  const onMap = useMe().region !== null && (asked.by === 'city' || asked.by === 'county')
  const [order, setOrder] = useState<Order | null>(null)
  const [filter, setFilter] = useState('')
  const [picked, setPicked] = useState({ key: '', indicator: LEADING[asked.side] })
  const [open, setOpen] = useState<Spot | null>(null)
  const visible = columns.filter((column) => shown.includes(column.code))
  const rows = sortRows(matching(tally.rows, filter), columns, order)
  const spot = spotOf(tally, columns, picked)
  const look = ({ row, column }: Spot) => setPicked({ key: row.key, indicator: column.indicator })
  const openCases = (wanted: Spot) => {
    look(wanted)
    setOpen(wanted)
  }
  const label = useTableName(asked)
  const few = !onMap && tally.rows.length <= FEW
  return (
    <>
      <KeyFigures
        side={asked.side}
        total={tally.total}
        columns={columns}
        onOpen={(column) => openCases({ row: tally.total, column })}
      />
      <div className={`${styles.main} ${few ? styles.few : ''}`}>
        <div className={styles.tablePlace}>
          {tally.rows.length > MANY ? (
            <Filter value={filter} onChange={setFilter} left={rows.length} />
          ) : null}
          <TallyTable
            label={label}
            dimension={say(`${asked.by}Long`)}
            rows={rows}
            total={tally.total}
            columns={visible}
            order={order}
            onOrder={setOrder}
            picked={picked}
            onPick={look}
            onOpen={openCases}
          />
        </div>
        {spot === null ? null : (
          <Beside asked={asked} tally={tally} spot={spot} onMap={onMap} onPick={look} />
        )}
      </div>
      <Suspense>
        <CasesDrawer asked={asked} spot={open} onClose={() => setOpen(null)} />
      </Suspense>
      <PrintForm asked={asked} tally={tally} rows={rows} columns={visible} />
    </>
  )
}

/** What is looked at; the total where the picked row has gone with another month. */
function spotOf(
  tally: TallyOut,
  columns: readonly ColumnOf[],
  picked: { key: string; indicator: string },
): Spot | null {
  const row = tally.rows.find((each) => each.key === picked.key) ?? tally.total
  const column = columns.find((each) => each.code === picked.indicator) ?? columns[0]
  return column === undefined ? null : { row, column }
}

function useTableName({ month, by, side, urgency }: Asked): string {
  const words = useUrgencyWords()
  const name = say('table', { month: monthWords(month), by: say(`${by}Long`), side: say(side) })
  return urgency === null ? name : `${name} · ${say('urgencyOnly', { name: words(urgency) })}`
}

interface BesideProps {
  asked: Asked
  tally: TallyOut
  spot: Spot
  onMap: boolean
  onPick: (spot: Spot) => void
}

/** The shape of what is looked at: in place, for supervision, and in time. */
function Beside({ asked, tally, spot: { row, column }, onMap, onPick }: BesideProps) {
  const region = useMe().region ?? ''
  return (
    <div className={styles.beside}>
      {onMap ? (
        <TileMap
          by={asked.by === 'city' ? 'city' : 'county'}
          region={region}
          rows={tally.rows}
          column={column}
          picked={row.key}
          onPick={(each) => onPick({ row: each, column })}
        />
      ) : null}
      <TrendPanel
        asked={asked}
        rowKey={row.key}
        rowName={row.key === '' ? say('total') : row.name}
        column={column}
      />
    </div>
  )
}

function Filter(props: { value: string; onChange: (value: string) => void; left: number }) {
  const t = useWords()
  return (
    <div className={styles.filter}>
      <Input.Search
        allowClear
        size="small"
        aria-label={t('find')}
        placeholder={t('find')}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <span className={`${page.quiet} ${page.small}`}>{t('rows', { n: props.left })}</span>
      <span className={`${page.quiet} ${page.small} ${styles.wideOnly}`}>{t('tableHelp')}</span>
    </div>
  )
}

function EmptyMonth({ asked, move }: { asked: Asked; move: (next: Partial<Asked>) => void }) {
  const t = useWords()
  const words = useUrgencyWords()
  const side = otherSide(asked.side)
  if (asked.urgency !== null)
    return (
      <div className={page.card}>
        <Empty
          title={t('emptyUrgency', {
            month: monthWords(asked.month),
            name: words(asked.urgency),
          })}
          teach={t('emptyUrgencyTeach')}
          action={<Button onClick={() => move({ urgency: null })}>{t('urgencyAll')}</Button>}
        />
      </div>
    )
  return (
    <div className={page.card}>
      <Empty
        title={t('emptyTitle', { month: monthWords(asked.month) })}
        teach={t('emptyTeach')}
        action={
          <div className={styles.emptyActs}>
            <Button onClick={() => move({ month: monthAfter(asked.month, -1) })}>
              {t('emptyBefore')}
            </Button>
            <Button onClick={() => move({ side })}>{t('otherSide', { side: t(side) })}</Button>
          </div>
        }
      />
    </div>
  )
}

function Waiting() {
  return (
    <div className={styles.month} aria-busy="true">
      <div className={styles.waitLine} />
      <div className={styles.waitFigures} />
      <div className={styles.waitTable} />
    </div>
  )
}

function matching(rows: TallyRow[], filter: string): TallyRow[] {
  const wanted = filter.trim()
  return wanted === '' ? rows : rows.filter((row) => row.name.includes(wanted))
}

function otherSide(side: Side): Side {
  return side === 'provider' ? 'requester' : 'provider'
}

function isEmpty(tally: TallyOut): boolean {
  return Object.values(tally.total.values).every((value) => value === null || value === 0)
}
