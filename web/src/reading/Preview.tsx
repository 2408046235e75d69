/** A look at the selected case before taking it: pictures, question, history, priors. */
import { useQuery } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { caseQuery, useCatalogue, useService } from '../requests/api'
import { examLabel, serviceLabel } from '../requests/names'
import { RequestContent } from '../requests/RequestContent'
import { useMay } from '../session/session'
import { CaseClock } from '../shared/CaseClock'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import type { RequestOut, RequestRow } from '../shared/schema'
import { CriticalTag, StatusTag, UrgencyTag } from '../shared/tags'
import { useSettled } from '../shared/useSettled'
import { studyDate } from '../studies/dates'
import { Thumbnail } from '../studies/StudyCard'
import type { Tab } from './api'
import { Whose } from './DeskRow'
import styles from './Preview.module.css'
import { useWords } from './words'

interface Props {
  row: RequestRow | null
  tab: Tab
  onOpen: (row: RequestRow) => void
  /** Absent where nobody takes over. */
  onTakeOver?: (row: RequestRow) => void
}

export function Preview({ row, tab, onOpen, onTakeOver }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  // Holding an arrow key down runs through the queue without asking for every case on the way.
  const id = useSettled(row?.id ?? '', 120)
  const { data: item } = useQuery({ ...caseQuery(id), enabled: id !== '' })
  const shown = item?.id === row?.id ? item : undefined
  const takeOver =
    row && onTakeOver && shown?.allowed.includes('takeover') ? () => onTakeOver(row) : null
  usePageKeys(takeOver ? [{ combo: 't', label: t('keyTakeOver'), run: takeOver }] : [])
  if (row === null)
    return (
      <aside className={styles.preview} aria-label={t('preview')}>
        <Empty title={t('pickOne')} teach={t('pickOneTeach')} />
      </aside>
    )
  return (
    <aside className={styles.preview} aria-label={t('preview')}>
      <header className={styles.head}>
        <div className={styles.who}>
          <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
          <UrgencyTag urgency={row.urgency} />
          {row.critical ? <CriticalTag open={row.critical_open} /> : null}
        </div>
        <p className={styles.more}>
          {serviceLabel(catalogue, row.service)} · {examLabel(catalogue, row)} ·{' '}
          {row.requester.name}
        </p>
        <div className={styles.act}>
          <OpenButton row={row} tab={tab} onOpen={onOpen} />
          {takeOver ? (
            <Button title="T" onClick={takeOver}>
              {t('takeOver')}
            </Button>
          ) : null}
          {row.state === 'open' ? null : <StatusTag row={row} />}
          <CaseClock clock={row.clock} mine="provider" />
        </div>
        <p className={styles.whose}>
          <Whose row={row} full />
        </p>
      </header>
      {shown ? <Details item={shown} /> : <Skeleton active paragraph={{ rows: 6 }} />}
    </aside>
  )
}

const TO_CLAIM: ReadonlySet<Tab> = new Set(['pool', 'assigned', 'reserved'])

function OpenButton({
  row,
  tab,
  onOpen,
}: {
  row: RequestRow
  tab: Tab
  onOpen: (row: RequestRow) => void
}) {
  const t = useWords()
  const writes = useMay('write-reports')
  const free = writes && row.state === 'open' && row.claim === null && TO_CLAIM.has(tab)
  return (
    <Button
      type="primary"
      disabled={writes && Boolean(row.why_not)}
      title="Enter"
      onClick={() => onOpen(row)}
    >
      {free ? t('claimOpen') : tab === 'verify' ? t('verifyOpen') : t('open')} ↵
    </Button>
  )
}

function Details({ item }: { item: RequestOut }) {
  const t = useWords()
  const service = useService(item.service)
  return (
    <div className={styles.details}>
      {item.studies.length > 0 ? (
        <div className={styles.pictures}>
          {item.studies.map((study) => (
            <figure key={study.id} className={styles.picture}>
              <Thumbnail address={study.thumbnail} />
              <figcaption className={styles.more}>
                {study.modalities.join('/')} {study.instance_count}
              </figcaption>
            </figure>
          ))}
        </div>
      ) : service?.requires_study === false ? null : (
        <p className={styles.more}>{t('noImages')}</p>
      )}
      <RequestContent item={item} without={['contact']} />
      <section hidden={item.studies.length === 0}>
        <h4 className={styles.section}>
          {item.priors.length > 0 ? t('priors', { n: item.priors.length }) : t('noPriors')}
        </h4>
        <ul className={styles.priors}>
          {item.priors.map((study) => (
            <li key={study.id}>
              <strong>{study.modalities.join('/')}</strong> {study.description} ·{' '}
              {studyDate(study.study_date)} · {study.institution.short_name}
            </li>
          ))}
        </ul>
      </section>
      <p className={styles.more}>
        {item.number} · <Moment at={item.submitted_at} /> · {item.created_by}
      </p>
    </div>
  )
}
