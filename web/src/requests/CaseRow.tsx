/** A case in two lines, the clock first; the same row on either side of the request. */
import { LockOutlined } from '@ant-design/icons'
import { RunningClock } from '../shared/CaseClock'
import { ExpectedTime } from '../shared/ExpectedTime'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import type { RequestRow } from '../shared/schema'
import { CriticalTag, OutcomeTag, StatusTag, UrgencyTag } from '../shared/tags'
import { useCatalogue, useService } from './api'
import styles from './CaseRow.module.css'
import { examLabel } from './names'
import { useWords } from './words'

interface Props {
  row: RequestRow
  /** Who is looking: the sender sees where it went, the reader where it comes from. */
  side: 'sender' | 'reader'
}

export function CaseRow({ row, side }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  const other = side === 'sender' ? row.provider : row.requester
  const place =
    other === null
      ? t('noProvider')
      : t(side === 'sender' ? 'to' : 'from', { who: other.short_name || other.name })
  // In the reader's queue every unclaimed case waits: saying it on each row says nothing.
  const showsStage =
    row.state === 'open' && (side === 'sender' || row.claim !== null || row.report_state !== null)
  return (
    <div className={styles.row}>
      <div className={styles.first}>
        <span className={styles.lead}>
          <Lead row={row} />
        </span>
        {row.urgency === 'routine' ? null : <UrgencyTag urgency={row.urgency} />}
        {row.critical ? <CriticalTag open={row.critical_open} /> : null}
        <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
        <span className={styles.exam}>{examLabel(catalogue, row)}</span>
        <span className={styles.end}>
          <OutcomeTag positive={row.positive} />
          {showsStage ? <StatusTag row={row} /> : null}
        </span>
      </div>
      <div className={styles.second}>
        <span className={styles.number}>{row.number}</span>
        <span className={styles.place}>{place}</span>
        <span className={styles.question}>{row.question}</span>
        {row.claim && !row.claim.mine && row.report_state !== 'preliminary' ? (
          <span className={styles.holder}>
            <LockOutlined aria-hidden /> {t('heldBy', { who: row.claim.name })}
          </span>
        ) : null}
        <span className={styles.count}>
          <Evidence row={row} />
        </span>
        {side === 'sender' && row.expected?.high ? (
          <span className={styles.likely}>
            <ExpectedTime expected={row.expected} />
          </span>
        ) : null}
        <span className={styles.at}>
          <Moment at={momentOf(row, side)} />
        </span>
      </div>
    </div>
  )
}

/** The clock that runs; what the requester owes is said on either side: why the answer waits. */
function Lead({ row }: { row: RequestRow }) {
  if (row.state === 'open') return <RunningClock clock={row.clock} />
  const owes = row.state === 'returned' || row.state === 'declined'
  return (
    <>
      <StatusTag row={row} /> {owes ? <RunningClock clock={row.clock} /> : null}
    </>
  )
}

/** What there is to look at: images, or records where records are enough. */
function Evidence({ row }: { row: RequestRow }) {
  const t = useWords()
  const service = useService(row.service)
  if (row.instance_count > 0) return t('images', { n: row.instance_count })
  return t(service?.requires_study === false ? 'records' : 'noImages')
}

/** The moment the list is ordered by: for the reader, of what was answered, when it was. */
function momentOf(row: RequestRow, side: Props['side']): string {
  const answered = row.state === 'answered' || row.state === 'confirmed'
  return (side === 'reader' && answered ? row.issued_at : row.submitted_at) ?? row.updated_at
}
