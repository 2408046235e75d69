/**
 * The patient's records where the pictures would be: a consultation is read, not viewed.
 *
 * A study that was added lies behind the records; the viewer starts when it is first asked for and
 * keeps its place from then on.
 */
import { Segmented } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { RequestContent } from '../requests/RequestContent'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import type { RequestOut } from '../shared/schema'
import styles from './Records.module.css'
import { Viewer } from './Viewer'
import { useWords } from './words'

interface Props {
  item: RequestOut
  /** The viewer's address; empty where no study was added. */
  address: string
}

export function Records({ item, address }: Props) {
  const t = useWords()
  const [shown, setShown] = useState<'records' | 'images'>('records')
  const [opened, setOpened] = useState(false)
  if (address === '') return <Sheet item={item} />
  const show = (next: 'records' | 'images') => {
    setShown(next)
    if (next === 'images') setOpened(true)
  }
  return (
    <div className={styles.both}>
      <Segmented
        className={styles.choice}
        value={shown}
        onChange={show}
        options={[
          { value: 'records', label: t('records') },
          { value: 'images', label: t('images', { n: item.studies.length }) },
        ]}
      />
      <div className={styles.place} hidden={shown !== 'records'}>
        <Sheet item={item} />
      </div>
      <div className={styles.place} hidden={shown !== 'images'}>
        {opened ? <Viewer item={item} address={address} /> : null}
      </div>
    </div>
  )
}

function Sheet({ item }: { item: RequestOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard.
    <section className={styles.scroll} aria-label={t('records')} tabIndex={0}>
      <article className={styles.sheet}>
        <header className={styles.head}>
          <h2 className={styles.title}>
            {serviceLabel(catalogue, item.service)} · {t('records')}
          </h2>
          <p className={styles.more}>
            <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
            {item.patient?.patient_id ? ` · ${item.patient.patient_id}` : ''} ·{' '}
            {item.requester.name} · <Moment at={item.submitted_at} />
          </p>
        </header>
        <RequestContent item={item} without={['contact']} sheet />
      </article>
    </section>
  )
}
