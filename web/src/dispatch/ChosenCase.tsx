/** What is chosen in the queue, in a few lines above the readers. */
import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { Whose } from '../reading/DeskRow'
import { useCatalogue } from '../requests/api'
import { examLabel, serviceLabel } from '../requests/names'
import { StepDialog } from '../requests/StepDialog'
import { CaseClock } from '../shared/CaseClock'
import { PatientLine } from '../shared/PatientLine'
import type { RequestRow } from '../shared/schema'
import { CriticalTag, UrgencyTag } from '../shared/tags'
import styles from './ChosenCase.module.css'
import { Decisions } from './Decisions'
import { assignable } from './lines'
import { useWords } from './words'

export function ChosenCase({ rows }: { rows: readonly RequestRow[] }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [row, more] = rows
  const [releasing, setReleasing] = useState(false)
  const [asking, setAsking] = useState(false)
  if (row === undefined || more !== undefined) return null
  return (
    <section className={styles.case} aria-label={row.number}>
      <div className={styles.who}>
        <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
        <UrgencyTag urgency={row.urgency} />
        {row.critical ? <CriticalTag open={row.critical_open} /> : null}
      </div>
      <p className={styles.more}>
        {serviceLabel(catalogue, row.service)} · {examLabel(catalogue, row)} ·{' '}
        {row.requester.short_name || row.requester.name}
      </p>
      <CaseClock clock={row.clock} mine="provider" />
      <p className={styles.more}>
        <Whose row={row} full />
      </p>
      <div className={styles.deeds}>
        <Link to={`/read/${row.id}`} title="O">
          {t('openCase')}
        </Link>
        <Button size="small" type="link" onClick={() => setAsking(true)}>
          {t('decisions')}
        </Button>
        {assignable(row) || row.report_state === 'preliminary' || row.claim === null ? null : (
          <Button size="small" onClick={() => setReleasing(true)}>
            {t('coverRelease')}
          </Button>
        )}
      </div>
      <Decisions id={row.id} number={row.number} open={asking} onClose={() => setAsking(false)} />
      <StepDialog
        row={row}
        step={releasing ? 'release' : null}
        onClose={() => setReleasing(false)}
      />
    </section>
  )
}
