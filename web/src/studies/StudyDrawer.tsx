/** One study beside the list: its series and requests, and for those who care for images the rest. */
import { useQuery } from '@tanstack/react-query'
import { Button, Drawer, Skeleton } from 'antd'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { HideDialog } from '../care/HideDialog'
import { HoldButton, HoldLine } from '../care/Holds'
import { Keeping } from '../care/keeping'
import { MoveDialog } from '../care/MoveDialog'
import { SeriesImages } from '../care/SeriesImages'
import { caseQuery } from '../requests/api'
import { patientFacts } from '../requests/names'
import { useMay } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { SeriesOut, StudyDetail } from '../shared/schema'
import { StatusTag } from '../shared/tags'
import { defineWords } from '../shared/words'
import { studyQuery } from './api'
import styles from './StudiesPage.module.css'
import { HeldTag } from './StudyCard'

const { useWords } = defineWords('studyDrawer', {
  usedIn: ['用于申请', 'Used in'],
  unused: ['尚未用于申请', 'not in a request yet'],
  series: ['序列', 'Series'],
  patient: ['患者', 'Patient'],
  history: ['登记与变更', 'Registration and history'],
  hold: ['封存', 'Legal hold'],
  noHold: ['没有封存', 'not on hold'],
  keeping: ['保存期限', 'Retention'],
  images: ['图像…', 'Images…'],
  imagesOf: ['{{what}} 的图像', 'Images of {{what}}'],
  move: ['改归患者…', 'Move…'],
  hide: ['隐藏…', 'Hide…'],
})

interface Props {
  id: string | null
  onClose: () => void
}

export function StudyDrawer({ id, onClose }: Props) {
  const found = useQuery({ ...studyQuery(id ?? ''), enabled: id !== null })
  const study = id !== null && found.data?.study.id === id ? found.data : undefined
  return (
    <Drawer open={id !== null} onClose={onClose} title={study?.study.patient.name} size={440}>
      {found.error ? (
        <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
      ) : null}
      {id !== null && !study && !found.error ? <Skeleton active /> : null}
      {study ? <Shown study={study} onGone={onClose} /> : null}
    </Drawer>
  )
}

function Shown({ study, onGone }: { study: StudyDetail; onGone: () => void }) {
  const t = useWords()
  const corrects = useMay('correct-studies') && study.keeping !== null
  const { accession_number: number, institution } = study.study
  return (
    <>
      <p className={page.quiet}>{[number, institution.name].filter(Boolean).join(' · ')}</p>
      <Part title={t('series')}>
        <SeriesList study={study} corrects={corrects} onGone={onGone} />
      </Part>
      <Part title={t('usedIn')}>
        {study.requests.length === 0 ? <p className={page.quiet}>{t('unused')}</p> : null}
        <ul className={styles.plain}>
          {study.requests.map((id) => (
            <li key={id}>
              <CaseLink id={id} />
            </li>
          ))}
        </ul>
      </Part>
      {corrects ? <Care study={study} onGone={onGone} /> : null}
    </>
  )
}

function Part({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <>
      <h3 className={styles.heading}>{title}</h3>
      {children}
    </>
  )
}

interface SeriesListProps {
  study: StudyDetail
  corrects: boolean
  onGone: () => void
}

function SeriesList({ study, corrects, onGone }: SeriesListProps) {
  const t = useWords()
  const [opened, setOpened] = useState<SeriesOut | null>(null)
  return (
    <>
      <ul className={styles.plain}>
        {study.series.map((series) => (
          <li key={series.series_uid} className={styles.series}>
            <span>
              <strong>{series.modality}</strong> {series.description} · {series.instance_count}
            </span>
            {corrects ? (
              <Button
                size="small"
                aria-label={t('imagesOf', { what: `${series.modality} ${series.description}` })}
                onClick={() => setOpened(series)}
              >
                {t('images')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <SeriesImages study={study} series={opened} onClose={() => setOpened(null)} onGone={onGone} />
    </>
  )
}

/** Whose it is, how long it is kept, whether it is held, and what may be done. */
function Care({ study, onGone }: { study: StudyDetail; onGone: () => void }) {
  const t = useWords()
  const { id, patient, on_hold: held } = study.study
  const [doing, setDoing] = useState<'hide' | 'move' | null>(null)
  const stop = () => setDoing(null)
  return (
    <>
      <Part title={t('patient')}>
        <div>{patientFacts(patient)}</div>
        <Link to={`/care/patients/${patient.id}`}>{t('history')}</Link>
      </Part>
      <Part title={t('keeping')}>{study.keeping ? <Keeping keeping={study.keeping} /> : null}</Part>
      <Part
        title={
          <>
            {t('hold')} {held ? <HeldTag /> : null}
          </>
        }
      >
        {study.holds.length === 0 ? <p className={page.quiet}>{t('noHold')}</p> : null}
        <ul className={styles.plain}>
          {study.holds.map((hold) => (
            <li key={hold.id}>
              <HoldLine hold={hold} />
            </li>
          ))}
        </ul>
      </Part>
      <p className={styles.deeds}>
        <HoldButton studyId={id} on={held} />
        <Button onClick={() => setDoing('move')}>{t('move')}</Button>
        <Button onClick={() => setDoing('hide')}>{t('hide')}</Button>
      </p>
      <MoveDialog studyId={id} open={doing === 'move'} onClose={stop} />
      <HideDialog
        study={study}
        open={doing === 'hide'}
        onClose={stop}
        onHidden={() => {
          stop()
          onGone()
        }}
      />
    </>
  )
}

/** A request by its number and status, once they are known. */
function CaseLink({ id }: { id: string }) {
  const { data } = useQuery(caseQuery(id))
  return (
    <Link to={`/requests/${id}`} className={styles.case}>
      {data?.number ?? '…'} {data ? <StatusTag row={data} /> : null}
    </Link>
  )
}
