/** Deadlines of an agreement in words, one a line; without any the network's hold. */
import { serviceLabel } from '../requests/names'
import page from '../shared/page.module.css'
import type { CatalogueOut, PromiseOut } from '../shared/schema'
import { UrgencyTag } from '../shared/tags'
import styles from './InstitutionPage.module.css'
import { say } from './words'

type Kind = Pick<PromiseOut, 'service' | 'urgency'> & {
  modality?: string | null
  frozen?: boolean | null
}

interface Props {
  terms: readonly PromiseOut[] | null
  catalogue: CatalogueOut | undefined
}

export function Terms({ terms, catalogue }: Props) {
  if (terms === null || terms.length === 0)
    return <span className={page.quiet}>{say('networkTerms')}</span>
  return (
    <ul className={styles.terms}>
      {terms.map((term) => (
        <li key={kindKey(term)}>
          <KindOfCase of={term} catalogue={catalogue} /> {minutesWords(term)}
          {term.clause ? ` · ${term.clause}` : ''}
        </li>
      ))}
    </ul>
  )
}

/** 远程影像诊断 CT 常规: which cases a deadline is about. */
export function KindOfCase({ of, catalogue }: { of: Kind; catalogue: CatalogueOut | undefined }) {
  const what = of.frozen ? say('frozen') : of.modality
  return (
    <>
      {[serviceLabel(catalogue, of.service), what].filter(Boolean).join(' ')}{' '}
      <UrgencyTag urgency={of.urgency} />
    </>
  )
}

export function kindKey(of: Kind): string {
  return `${of.service} ${of.urgency} ${of.modality ?? ''} ${of.frozen ?? ''}`
}

export function minutesWords(term: Pick<PromiseOut, 'clock' | 'minutes'>): string {
  return say(term.clock === 'working hours' ? 'workingMinutes' : 'minutes', { n: term.minutes })
}
