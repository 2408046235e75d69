/** One number of one row over thirteen months. The drawing is fetched only when it is looked at. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { lazy, Suspense } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { TrendOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { type Asked, trendQuery } from './api'
import type { ColumnOf } from './columns'
import { DASH, monthWords, valueWords } from './numbers'
import type { Series } from './TrendChart'
import styles from './TrendPanel.module.css'
import { say, useWords } from './words'

const TrendChart = lazy(() => import('./TrendChart'))
/** A held arrow key passes many rows; only where it rests is asked about. */
const REST = 180

interface Props {
  asked: Asked
  rowKey: string
  rowName: string
  column: ColumnOf
}

export function TrendPanel({ asked, rowKey, rowName, column }: Props) {
  const t = useWords()
  const key = useSettled(rowKey, REST)
  const { data, error, refetch } = useQuery(trendQuery(asked, key, column.indicator))
  const title = t('trendOf', { row: rowName, name: column.label })
  return (
    <section className={styles.panel} aria-label={t('trend')}>
      <header className={styles.head}>
        <h2 className={page.subtitle}>{t('trend')}</h2>
        <span className={styles.what} title={title}>
          {title}
        </span>
      </header>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <div className={styles.chart}>
        {data ? <Drawn trend={data} column={column} rowName={rowName} /> : <Wait />}
      </div>
    </section>
  )
}

function Wait() {
  return <Skeleton active title={false} paragraph={{ rows: 5 }} />
}

function Drawn({ trend, column, rowName }: { trend: TrendOut; column: ColumnOf; rowName: string }) {
  const t = useWords()
  const series = seriesOf(trend, column)
  const known = series.some((each) => each.values.some((value) => value !== null))
  if (!known) return <Empty small title="" teach={t('trendNone')} />
  const gaps = series.every((each) => each.values.some((value) => value === null))
  return (
    <>
      <p className="visually-hidden">{inWords(trend, series, column, rowName)}</p>
      <Suspense fallback={<Wait />}>
        <TrendChart months={trend.months} series={series} kind={column.kind} />
      </Suspense>
      {gaps ? <p className={styles.hint}>{t('trendHint')}</p> : null}
    </>
  )
}

/** A duration is drawn with its other half: the median and the 90th percentile belong together. */
function seriesOf(trend: TrendOut, column: ColumnOf): Series[] {
  const values = (code: string) => trend.values[code] ?? trend.months.map(() => null)
  if (column.kind !== 'duration')
    return [{ name: column.label, values: values(column.indicator), faint: false }]
  const stem = column.indicator.replace(/_(median|p90)$/, '')
  return [
    { name: say('median'), values: values(`${stem}_median`), faint: false },
    { name: say('p90'), values: values(`${stem}_p90`), faint: true },
  ]
}

function inWords(trend: TrendOut, series: Series[], column: ColumnOf, row: string): string {
  const first = series[0]?.values ?? []
  const list = trend.months.map((month, index) => {
    const value = first[index] ?? null
    return `${monthWords(month)} ${value === null ? DASH : valueWords(value, column.kind)}`
  })
  return say('trendWords', { row, name: column.label, list: list.join('、') })
}
