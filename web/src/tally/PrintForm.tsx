/**
 * The table as the paper form that is handed in: made when the browser prints, gone afterwards.
 *
 * It stands beside the page, not in it, so that every row is on paper and nothing else is.
 */
import { useEffect, useState } from 'react'
import { createPortal, flushSync } from 'react-dom'
import { useMe } from '../session/session'
import type { TallyOut, TallyRow } from '../shared/schema'
import { useUrgencyWords } from '../shared/tags'
import { pick } from '../shared/words'
import type { Asked } from './api'
import { type ColumnOf, changeIn } from './columns'
import { DASH, monthWords, valueWords } from './numbers'
import styles from './PrintForm.module.css'
import { useWords } from './words'

interface Props {
  asked: Asked
  tally: TallyOut
  rows: readonly TallyRow[]
  columns: readonly ColumnOf[]
}

export function PrintForm(props: Props) {
  const printing = usePrinting()
  return printing ? createPortal(<Form {...props} />, document.body) : null
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    // The form must be in the page before the browser takes its picture of it.
    const begin = () => flushSync(() => setPrinting(true))
    const end = () => setPrinting(false)
    window.addEventListener('beforeprint', begin)
    window.addEventListener('afterprint', end)
    return () => {
      window.removeEventListener('beforeprint', begin)
      window.removeEventListener('afterprint', end)
    }
  }, [])
  return printing
}

function Form({ asked, tally, rows, columns }: Props) {
  const t = useWords()
  const me = useMe()
  const urgency = useUrgencyWords()
  return (
    <article className={styles.form}>
      <h1 className={styles.title}>{t('formTitle')}</h1>
      <p className={styles.scope}>
        {t('formScope', { by: t(`${asked.by}Long`), side: t(asked.side) })}
        {asked.urgency === null ? '' : ` ${t('urgencyOnly', { name: urgency(asked.urgency) })}`}
      </p>
      <p className={styles.line}>
        <span>{t('formUnit', { name: me.institution?.name ?? t('formRegulator') })}</span>
        <span>{t('formMonth', { month: monthWords(asked.month) })}</span>
      </p>
      <table className={styles.table}>
        <thead>
          <tr>
            <th>{t('formNumber')}</th>
            <th>{t(`${asked.by}Long`)}</th>
            {columns.map((column) => (
              <th key={column.code}>{column.label}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Line
              key={row.key}
              row={row}
              number={String(index + 1)}
              name={row.name}
              columns={columns}
            />
          ))}
          <Line row={tally.total} number="" name={t('total')} columns={columns} />
        </tbody>
      </table>
      <p className={styles.rule}>{pick(tally.rule)}</p>
      <p className={styles.line}>
        <span>{t('formHead')}</span>
        <span>{t('formChecker')}</span>
        <span>{t('formFiller')}</span>
        <span>{t('formDate')}</span>
      </p>
    </article>
  )
}

interface LineProps {
  row: TallyRow
  number: string
  name: string
  columns: readonly ColumnOf[]
}

function Line({ row, number, name, columns }: LineProps) {
  return (
    <tr>
      <td className={styles.centre}>{number}</td>
      <td className={styles.name}>{name}</td>
      {columns.map((column) => (
        <td key={column.code}>{cellWords(row, column)}</td>
      ))}
    </tr>
  )
}

function cellWords(row: TallyRow, column: ColumnOf): string {
  if (column.against === null) return valueWords(row.values[column.indicator], column.kind)
  const change = changeIn(row, column, column.against)
  return change.known ? change.text : DASH
}
