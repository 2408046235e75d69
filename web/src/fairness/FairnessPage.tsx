/**
 * 派单公平: each reader's month, and behind every number the cases it is made of.
 *
 * The month stands in the address. What the numbers cannot show is said beside them.
 */
import { useQuery } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { FairnessOut } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { MonthPicker } from '../tally/MonthPicker'
import { isMonth, monthAfter, monthOf, monthWords } from '../tally/numbers'
import { FIGURES, ledgerQuery } from './api'
import { FactsDrawer, type Spot } from './FactsDrawer'
import styles from './FairnessPage.module.css'
import { amountWords, totalOf } from './numbers'
import { StandingCards } from './StandingCards'
import { StandingTable } from './StandingTable'
import { useWords } from './words'

/** How far back the list of months goes; an address may go further. */
const MONTHS = 24

export function FairnessPage() {
  const t = useWords()
  const { month, thisMonth, go } = useMonth()
  const { data, error, refetch, isPlaceholderData } = useQuery(ledgerQuery(month))
  usePageKeys([
    { combo: 'ArrowLeft', label: t('keyMonthBefore'), run: () => go(monthAfter(month, -1)) },
    { combo: 'ArrowRight', label: t('keyMonthAfter'), run: () => go(monthAfter(month, 1)) },
    { combo: '← ↑ ↓ →', label: t('keyCells') },
    { combo: 'Enter', label: t('keyFacts') },
  ])
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <div className={styles.asked}>
          <MonthPicker
            month={month}
            first={monthAfter(thisMonth, 1 - MONTHS)}
            last={thisMonth}
            onChange={go}
          />
          {month === thisMonth ? <span className={styles.open}>{t('monthOpen')}</span> : null}
        </div>
      </header>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active paragraph={{ rows: 8 }} /> : null}
      {data === undefined ? null : (
        <div className={isPlaceholderData ? styles.old : ''} aria-busy={isPlaceholderData}>
          <Month ledger={data} onMonth={go} />
        </div>
      )}
    </main>
  )
}

function Month({ ledger, onMonth }: { ledger: FairnessOut; onMonth: (month: string) => void }) {
  const t = useWords()
  const narrow = useNarrow()
  const [spot, setSpot] = useState<Spot | null>(null)
  const { readers, month } = ledger
  if (readers.length === 0)
    return (
      <div className={page.card}>
        <Empty title={t('nobody')} teach={t('nobodyTeach')} />
      </div>
    )
  if (FIGURES.every((figure) => totalOf(readers, figure).count === 0))
    return (
      <div className={page.card}>
        <Empty
          title={t('empty', { month: monthWords(month) })}
          teach={t('emptyTeach')}
          action={
            <Button onClick={() => onMonth(monthAfter(month, -1))}>{t('monthBefore')}</Button>
          }
        />
      </div>
    )
  const done = totalOf(readers, 'done')
  const Shown = narrow ? StandingCards : StandingTable
  return (
    <>
      <p className={styles.summary}>
        {t('summary', {
          month: monthWords(month),
          people: readers.length,
          points: amountWords(done.points),
          cases: done.count,
        })}
      </p>
      <Shown readers={readers} month={month} onOpen={setSpot} />
      <p className={styles.limits}>
        {t('limits')} <span>{t('basis', { rule: ledger.rule, seq: ledger.seq })}</span>
      </p>
      <FactsDrawer month={month} spot={spot} onClose={() => setSpot(null)} />
    </>
  )
}

/** The month of the address; what is none, or not yet come, is this month. */
function useMonth() {
  const [params, setParams] = useSearchParams()
  const thisMonth = monthOf(serverNow())
  const wanted = params.get('month')
  const month = isMonth(wanted) && wanted <= thisMonth ? wanted : thisMonth
  const go = (next: string) => {
    if (next <= thisMonth) setParams({ month: next }, { replace: true })
  }
  return { month, thisMonth, go }
}
