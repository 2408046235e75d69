/** Patients to be followed up now, on the day page: opened in place and answered in two taps. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { FollowUpOfCase } from '../shared/schema'
import { defineWords } from '../shared/words'
import { useCatalogue } from './api'
import day from './DayPage.module.css'
import { State } from './FollowUp'
import styles from './FollowUpsDue.module.css'
import { waitingFollowUpsQuery } from './followUps'
import { examLabel } from './names'
import { TwoTaps } from './TwoTaps'

const { useWords } = defineWords('follow-ups-due', {
  title: ['待随访', 'To follow up'],
  nth: ['{{n}} 天', 'day {{n}}'],
  open: ['打开病例', 'Open the case'],
})

/** Rows at once; the rest come up as these are answered. */
const SHOWN = 6

export function FollowUpsDue() {
  const t = useWords()
  const asked = useQuery(waitingFollowUpsQuery)
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data?.items.length) return null
  return (
    <section className={day.group}>
      <h3 className={day.groupTitle}>
        {t('title')} <span className={day.groupCount}>{asked.data.total}</span>
      </h3>
      <ul className={day.list}>
        {asked.data.items.slice(0, SHOWN).map((one) => (
          <li key={one.id}>
            <Due one={one} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Due({ one }: { one: FollowUpOfCase }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [open, setOpen] = useState(false)
  const row = one.request
  return (
    <div className={`${day.waitingRow} ${styles.due} ${one.overdue ? styles.late : ''}`}>
      <button
        type="button"
        className={styles.first}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className={day.waitingFirst}>
          <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
          <span className={day.waitingAt}>{t('nth', { n: one.days })}</span>
        </span>
        <span className={styles.second}>
          {examLabel(catalogue, row)} · <State one={one} />
        </span>
      </button>
      {open ? (
        <div className={styles.taps}>
          <TwoTaps one={one} />
          <Link to={`/requests/${row.id}`}>{t('open')}</Link>
        </div>
      ) : null}
    </div>
  )
}
