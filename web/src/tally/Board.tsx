/**
 * 红黑榜: the best three and the last three of a list, and who is not on it.
 *
 * A place on a board has consequences, so every figure opens its cases, ties stand side by side,
 * and whoever rests on too few cases is named apart and never put at zero.
 */
import { TrophyOutlined, WarningOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Segmented, Select } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { BoardOut, BoardUnit, TallyRow } from '../shared/schema'
import { pick } from '../shared/words'
import { type Asked, boardQuery, type ListOf, listsFor } from './api'
import styles from './Board.module.css'
import { ChangeMark } from './ChangeMark'
import { type ColumnOf, columnsOf } from './columns'
import { changeOf, fineWords } from './numbers'
import type { Spot } from './TallyTable'
import type { BoardAsked } from './useAsked'
import { useWords } from './words'

const CasesDrawer = lazy(async () => ({ default: (await import('./CasesDrawer')).CasesDrawer }))

interface Props {
  asked: Asked
  board: BoardAsked
  onMove: (next: Partial<Asked & BoardAsked>) => void
}

export function Board({ asked, board, onMove }: Props) {
  const lists = listsFor(useMe().region)
  const by = lists.find((each) => each === asked.by) ?? lists[0] ?? 'institution'
  const { data, error, refetch } = useQuery(boardQuery({ ...asked, by }, board))
  const [open, setOpen] = useState<Spot | null>(null)
  if (error) return <ProblemNotice error={error} kept="" onRetry={() => void refetch()} />
  if (data === undefined) return <div className={styles.waiting} aria-busy="true" />
  const [column] = columnsOf([data.indicator], asked.side)
  const openCases = (unit: BoardUnit) =>
    column === undefined ? undefined : setOpen({ row: rowOf(unit, column), column })
  return (
    <div className={styles.body}>
      <Choices lists={lists} by={by} data={data} onMove={onMove} />
      {data.units.length === 0 ? (
        <>
          <Nobody data={data} />
          <Absent data={data} />
        </>
      ) : (
        <div className={styles.ranked}>
          <div className={styles.left}>
            <div className={styles.pair}>
              <Side which="red" data={data} onOpen={openCases} />
              <Side which="black" data={data} onOpen={openCases} />
            </div>
            <Absent data={data} />
          </div>
          <Everybody data={data} onOpen={openCases} />
        </div>
      )}
      <p className={`${page.quiet} ${page.small}`}>{pick(data.rule)}</p>
      <Suspense>
        <CasesDrawer asked={{ ...asked, by }} spot={open} onClose={() => setOpen(null)} />
      </Suspense>
    </div>
  )
}

interface ChoicesProps {
  lists: readonly ListOf[]
  by: ListOf
  data: BoardOut
  onMove: Props['onMove']
}

/** Which list, by which indicator, and of which place. */
function Choices({ lists, by, data, onMove }: ChoicesProps) {
  const t = useWords()
  const areas = by === 'city' ? [] : data.areas.filter((each) => by !== 'county' || isCity(each))
  return (
    <div className={styles.choices}>
      <Segmented<ListOf>
        aria-label={t('boardList')}
        value={by}
        options={lists.map((each) => ({ value: each, label: t(`boardOf.${each}`) }))}
        onChange={(next) => onMove({ by: next, area: null })}
      />
      <Select
        aria-label={t('boardIndicator')}
        className={styles.indicator}
        value={data.indicator.code}
        options={data.choices.map((each) => ({ value: each.code, label: pick(each.label) }))}
        onChange={(indicator) => onMove({ indicator })}
      />
      {areas.length > 1 ? (
        <Select
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          aria-label={t('boardArea')}
          placeholder={t('boardEverywhere')}
          className={styles.area}
          value={data.area ?? undefined}
          options={areas.map((each) => ({ value: each.code, label: each.name }))}
          onChange={(area?: string) => onMove({ area: area ?? null })}
        />
      ) : null}
      <span className={`${page.quiet} ${page.small}`}>
        {t(data.better === 'higher' ? 'boardHigher' : 'boardLower')}
        {t('boardRanked', { n: data.units.length, all: data.units.length + data.absent.length })}
      </span>
    </div>
  )
}

function isCity({ code }: { code: string }): boolean {
  return code.endsWith('00')
}

interface SideProps {
  which: 'red' | 'black'
  data: BoardOut
  onOpen: (unit: BoardUnit) => void
}

function Side({ which, data, onOpen }: SideProps) {
  const t = useWords()
  const units = data.units.filter((unit) => unit.board === which)
  if (which === 'black') units.sort((a, b) => a.from_last - b.from_last)
  const Icon = which === 'red' ? TrophyOutlined : WarningOutlined
  return (
    <section className={`${styles.side} ${styles[which]}`} aria-label={t(which)}>
      <h2 className={styles.head}>
        <Icon aria-hidden /> {t(which)}
        <span className={styles.what}>{t(which === 'red' ? 'redWhat' : 'blackWhat')}</span>
      </h2>
      {units.length === 0 ? <p className={page.quiet}>{t('blackNone')}</p> : null}
      <ol className={styles.list}>
        {units.map((unit) => (
          <Line key={unit.key} unit={unit} units={data.units} data={data} onOpen={onOpen} />
        ))}
      </ol>
    </section>
  )
}

interface LineProps {
  unit: BoardUnit
  units: readonly BoardUnit[]
  data: BoardOut
  onOpen: (unit: BoardUnit) => void
}

function Line({ unit, units, data, onOpen }: LineProps) {
  const t = useWords()
  const { code, kind } = data.indicator
  const value = fineWords(unit.value, kind)
  const tied = units.filter((each) => each.rank === unit.rank).length > 1
  const label = t('boardOpen', { row: unit.name, value, n: unit.rests_on })
  return (
    <li className={styles.line}>
      <span className={styles.rank}>
        {t('rank', { n: unit.rank })}
        {tied ? <small className={styles.tied}>{t('tied')}</small> : null}
      </span>
      <span className={styles.name}>{unit.name}</span>
      <button
        type="button"
        className={styles.value}
        aria-label={label}
        onClick={() => onOpen(unit)}
      >
        {value}
      </button>
      <span className={styles.more}>
        {t('restsOn', { n: unit.rests_on })}
        <span>
          {t('mom')}{' '}
          <ChangeMark
            code={code}
            change={changeOf(unit.value, unit.previous_month, kind)}
            against="previous_month"
            small
          />
        </span>
      </span>
    </li>
  )
}

/** Everyone who is ranked, so that a place on a board can be seen in the whole list. */
function Everybody({ data, onOpen }: Omit<SideProps, 'which'>) {
  const t = useWords()
  return (
    <section className={styles.all} aria-label={t('allRanks')}>
      <h2 className={styles.head}>{t('allRanks')}</h2>
      <div className={styles.scroller}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t('rankHead')}</th>
              <th scope="col">{t(`${data.by as ListOf}Long`)}</th>
              <th scope="col" className={styles.right}>
                {pick(data.indicator.label)}
              </th>
              <th scope="col" className={styles.right}>
                {t('restsOnHead')}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.units.map((unit) => (
              <tr key={unit.key} className={unit.board ? styles[`${unit.board}Row`] : undefined}>
                <td>{unit.rank}</td>
                <th scope="row">{unit.name}</th>
                <td className={styles.right}>
                  <button type="button" className={styles.plain} onClick={() => onOpen(unit)}>
                    {fineWords(unit.value, data.indicator.kind)}
                  </button>
                </td>
                <td className={styles.right}>{unit.rests_on.toLocaleString('en-US')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** Who is not ranked, by reason. */
function Absent({ data }: { data: BoardOut }) {
  const t = useWords()
  const groups = (['too-few', 'nothing'] as const)
    .map((why) => ({ why, units: data.absent.filter((each) => each.why === why) }))
    .filter(({ units }) => units.length > 0)
  if (groups.length === 0) return null
  return (
    <section className={styles.absent} aria-label={t('absent')}>
      <h2 className={page.subtitle}>{t('absent')}</h2>
      {groups.map(({ why, units }) => (
        <p key={why}>
          <span className={page.quiet}>
            {t(why === 'nothing' ? 'absentNothing' : 'absentFew', { n: units.length })}
          </span>{' '}
          {units
            .map((each) => (why === 'nothing' ? each.name : `${each.name} (${each.rests_on})`))
            .join('、')}
        </p>
      ))}
    </section>
  )
}

function Nobody({ data }: { data: BoardOut }) {
  const t = useWords()
  return (
    <div className={page.card}>
      <Empty
        icon={<TrophyOutlined />}
        title={t('boardNobody', { name: pick(data.indicator.label) })}
        teach={t('boardNobodyTeach')}
      />
    </div>
  )
}

/** The cases of a place on a board are those of the table's cell. */
function rowOf(unit: BoardUnit, column: ColumnOf): TallyRow {
  return {
    key: unit.key,
    name: unit.name,
    area: null,
    values: { [column.indicator]: unit.value },
    previous_month: { [column.indicator]: unit.previous_month },
    previous_year: {},
  }
}
