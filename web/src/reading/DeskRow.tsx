/** A case of the desk: the chosen columns on one line, the question and what hinders below. */
import { memo, type ReactNode } from 'react'
import { useCatalogue, useService } from '../requests/api'
import { examLabel, serviceLabel } from '../requests/names'
import { RunningClock } from '../shared/CaseClock'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import type { RequestRow } from '../shared/schema'
import { CriticalTag, OutcomeTag, StatusTag, UrgencyTag } from '../shared/tags'
import type { Column } from './columns'
import styles from './DeskRow.module.css'
import { Holder } from './Holder'
import { Keeper } from './Keeper'
import { WhyNot } from './WhyNot'
import { useWords } from './words'

/** Scrolling draws only the rows that come into sight: those that are there stay as they are. */
export const DeskRow = memo(function DeskRow({
  row,
  columns,
}: {
  row: RequestRow
  columns: readonly Column[]
}) {
  return (
    <div className={styles.row}>
      <div className={styles.cells} style={{ gridTemplateColumns: gridOf(columns) }}>
        {columns.map((column) => (
          <span key={column.code} className={styles.cell} data-column={column.code}>
            <Cell row={row} code={column.code} />
          </span>
        ))}
      </div>
      <div className={styles.below}>
        {columns.some((column) => column.code === 'number') ? null : (
          <span className={styles.number}>{row.number}</span>
        )}
        <span className={styles.question}>{row.question}</span>
        {row.critical ? <CriticalTag open={row.critical_open} /> : null}
        <OutcomeTag positive={row.positive} />
        {row.report_state === 'preliminary' ? <StatusTag row={row} /> : null}
        <Whose row={row} />
      </div>
    </div>
  )
})

/** Who has the case or is to have it, and why it may not be taken. */
export function Whose({ row, full = false }: { row: RequestRow; full?: boolean }) {
  const writing = row.state === 'open' && row.report_state !== 'preliminary'
  return (
    <>
      {row.claim && writing ? <Holder id={row.id} claim={row.claim} full={full} /> : null}
      <Keeper row={row} />
      <WhyNot row={row} full={full} />
    </>
  )
}

export function gridOf(columns: readonly Column[]): string {
  return columns.map((column) => column.width).join(' ')
}

function Cell({ row, code }: { row: RequestRow; code: string }): ReactNode {
  const t = useWords()
  const catalogue = useCatalogue()
  const records = useService(row.service)?.requires_study === false
  switch (code) {
    case 'due':
      return (row.state === 'open' || row.state === 'returned') && row.clock.whose ? (
        <RunningClock clock={row.clock} />
      ) : (
        <StatusTag row={row} />
      )
    case 'urgency':
      return <UrgencyTag urgency={row.urgency} />
    case 'patient':
      return <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
    case 'exam':
      return examLabel(catalogue, row)
    case 'requester':
      return row.requester.short_name || row.requester.name
    case 'submitted':
      return <Moment at={row.issued_at ?? row.submitted_at ?? row.updated_at} />
    case 'service':
      return serviceLabel(catalogue, row.service)
    case 'modality':
      return row.modality ?? '—'
    case 'images':
      return row.instance_count > 0 ? row.instance_count : records ? t('recordsOnly') : '—'
    default:
      return row.number
  }
}
