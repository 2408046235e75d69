/** What a reader must know of the leads before reading them: missing, uncalibrated, elsewhere. */
import { Alert } from 'antd'
import styles from './Desk.module.css'
import { STANDARD } from './leads'
import type { Layout } from './paper'
import type { Signal } from './waveform'
import { useWords } from './words'

export function PaperNotes({ signal, layout }: { signal: Signal; layout: Layout }) {
  const t = useWords()
  const leads = [...signal.leads.values()]
  const usual = new Set<string>(STANDARD)
  const uncalibrated = leads.filter((lead) => lead.mv === null).map((lead) => lead.name)
  const elsewhere = leads.filter((lead) => !usual.has(lead.name)).map((lead) => lead.name)
  const notes = [
    signal.missing.length > 0 ? t('missingList', { leads: signal.missing.join(' ') }) : '',
    uncalibrated.length > 0 ? t('uncalibrated', { lead: uncalibrated.join(' ') }) : '',
    layout !== '12x1' && elsewhere.length > 0 ? t('notShown', { leads: elsewhere.join(' ') }) : '',
  ].filter(Boolean)
  if (notes.length === 0) return null
  return <Alert banner type="warning" className={styles.notes} title={notes.join('；')} />
}
