/** What was asked, as the form had it: the records of the case beside its images. */
import { useCatalogue } from '../../requests/api'
import { serviceLabel } from '../../requests/names'
import { RequestContent } from '../../requests/RequestContent'
import { Moment } from '../../shared/Moment'
import { PatientLine } from '../../shared/PatientLine'
import type { RequestOut } from '../../shared/schema'
import styles from './CasePanel.module.css'

export function Records({ item }: { item: RequestOut }) {
  const catalogue = useCatalogue()
  return (
    <article className={styles.records}>
      <h2 className={styles.title}>{serviceLabel(catalogue, item.service)}</h2>
      <p className={styles.who}>
        <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
        {item.patient?.patient_id ? ` · ${item.patient.patient_id}` : ''} · {item.requester.name} ·{' '}
        <Moment at={item.submitted_at} />
      </p>
      <RequestContent item={item} without={['contact']} sheet />
    </article>
  )
}
