/**
 * 统计: one month, one sentence on top, then the table, and behind every number its cases.
 *
 * What is asked stands in the address, so a page can be sent to whoever has to answer for it. A
 * supervisor's day begins here too, with the region as tiles beside the table.
 */
import { InfoCircleOutlined, SyncOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Skeleton, Tooltip } from 'antd'
import { useState } from 'react'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { TallyOut, TallyRow } from '../shared/schema'
import { pick } from '../shared/words'
import { type Asked, behind, DIMENSIONS, type Side, tallyQuery } from './api'
import { CasesDrawer } from './CasesDrawer'
import { ColumnChooser } from './ColumnChooser'
import { type ColumnOf, columnsOf, LEADING, type Order, sortRows, useShownColumns } from './columns'
import { DefinitionsDrawer } from './DefinitionsDrawer'
import { KeyFigures } from './KeyFigures'
import { monthAfter, monthWords } from './numbers'
import { PrintForm } from './PrintForm'
import styles from './TallyPage.module.css'
import { type Spot, TallyTable } from './TallyTable'
import { TileMap } from './TileMap'
import { Toolbar } from './Toolbar'
import { TrendPanel } from './TrendPanel'
import { useAsked } from './useAsked'
import { useWords } from './words'

/** Rows from which a filter by name is worth its place. */
const MANY = 12

export function TallyPage() {
  const t = useWords()
  const me = useMe()
  const { asked, thisMonth, move } = useAsked(me)
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
    { combo: 'd', label: t('keyDefinitions'), run: () => setDefinitions(true) },
  ])
  return (
    <main className={styles.page}>
      <h1 className="visually-hidden">{`${t('title')} ${monthWords(asked.month)}`}</h1>
      <Toolbar
        asked={asked}
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
          <Sentence tally={data} />
          {isEmpty(data) && !isPlaceholderData ? (
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
          <DefinitionsDrawer
            open={definitions}
            onClose={() => setDefinitions(false)}
            rule={data.rule}
            columns={columns}
            shown={shown}
          />
        </div>
      )}
    </main>
  )
}

/** What changed and where, and whether the numbers are still moving. */
function Sentence({ tally }: { tally: TallyOut }) {
  const t = useWords()
  const late = behind(tally)
  if (tally.highlights.length === 0 && late === 0) return null
  return (
    <p className={styles.sentence}>
      <InfoCircleOutlined aria-hidden className={styles.sentenceIcon} />
      <span>{tally.highlights.map(pick).join(' ')}</span>
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
  const t = useWords()
  const me = useMe()
  const [order, setOrder] = useState<Order | null>(null)
  const [filter, setFilter] = useState('')
  const [picked, setPicked] = useState({ key: '', indicator: LEADING[asked.side] })
  const [open, setOpen] = useState<Spot | null>(null)
  const visible = columns.filter((column) => shown.includes(column.code))
  const rows = sortRows(matching(tally.rows, filter), columns, order)
  const row = tally.rows.find((each) => each.key === picked.key) ?? tally.total
  const column = columns.find((each) => each.code === picked.indicator) ?? columns[0]
  const look = (spot: Spot) => setPicked({ key: spot.row.key, indicator: spot.column.indicator })
  const openCases = (spot: Spot) => {
    look(spot)
    setOpen(spot)
  }
  const onMap = me.region !== null && (asked.by === 'city' || asked.by === 'county')
  return (
    <>
      <KeyFigures
        side={asked.side}
        total={tally.total}
        columns={columns}
        onOpen={(each) => openCases({ row: tally.total, column: each })}
      />
      <div className={styles.main}>
        <div className={styles.tablePlace}>
          {tally.rows.length > MANY ? (
            <Filter value={filter} onChange={setFilter} left={rows.length} />
          ) : null}
          {rows.length === 0 ? (
            <Empty small title="" teach={t('noneFound', { q: filter })} />
          ) : null}
          <TallyTable
            label={t('table', {
              month: monthWords(asked.month),
              by: t(`${asked.by}Long`),
              side: t(asked.side),
            })}
            dimension={t(`${asked.by}Long`)}
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
        <div className={styles.beside}>
          {onMap && column ? (
            <TileMap
              by={asked.by === 'city' ? 'city' : 'county'}
              region={me.region ?? ''}
              rows={tally.rows}
              column={column}
              picked={picked.key}
              onPick={(each) => look({ row: each, column })}
            />
          ) : null}
          {column ? (
            <TrendPanel
              asked={asked}
              rowKey={row.key}
              rowName={row.key === '' ? t('total') : row.name}
              column={column}
            />
          ) : null}
        </div>
      </div>
      <CasesDrawer asked={asked} spot={open} onClose={() => setOpen(null)} />
      <PrintForm asked={asked} tally={tally} rows={rows} columns={visible} />
    </>
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
  const side = otherSide(asked.side)
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
    <div className={styles.month}>
      <Skeleton active title={false} paragraph={{ rows: 1 }} />
      <Skeleton.Node active className={styles.waitFigures} />
      <Skeleton.Node active className={styles.waitTable} />
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
