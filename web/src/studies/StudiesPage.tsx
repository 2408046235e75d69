/** The institution's studies: found by name, pinyin or initials; new ones dropped in on top. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Alert, Button, Drawer, Input, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { conflictsQuery } from '../care/api'
import { HideDialog } from '../care/HideDialog'
import { caseQuery } from '../requests/api'
import { RowSkeletons } from '../requests/DayPage'
import { patientNumber } from '../requests/names'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { StudyOut } from '../shared/schema'
import { StatusTag } from '../shared/tags'
import { useSettled } from '../shared/useSettled'
import { defineWords } from '../shared/words'
import { DropArea } from '../uploads/DropArea'
import { useUploads } from '../uploads/manager'
import { UploadPanel } from '../uploads/UploadPanel'
import { useBegin } from '../uploads/useBegin'
import { studiesQuery, studyQuery } from './api'
import { studyDate } from './dates'
import styles from './StudiesPage.module.css'
import { Thumbnail, viewerAddress } from './StudyCard'

const { useWords } = defineWords('studies', {
  title: ['影像资料', 'Studies'],
  search: [
    '姓名、拼音、首字母、患者号、检查号',
    'Name, pinyin, initials, patient or accession number',
  ],
  any: ['全部类型', 'All modalities'],
  empty: ['还没有影像资料', 'No studies yet'],
  emptyTeach: [
    '把检查文件夹拖到上方，或由本院设备自动传入；也可以在新建申请时直接放入。',
    'Drop a study folder above, or let your devices send them; or drop it into a new request.',
  ],
  noMatch: ['没有找到', 'Nothing found'],
  noMatchTeach: [
    '可以输入汉字、全拼或首字母，例如“韦桂花”“weiguihua”“wgh”。',
    'Hanzi, full pinyin or initials all work, for example 韦桂花, weiguihua, wgh.',
  ],
  images: ['{{series}} 个序列 · {{n}} 幅', '{{series}} series · {{n}} images'],
  view: ['阅片', 'View'],
  more: ['加载更多', 'Load more'],
  conflicts: [
    '{{n}} 幅图像与已有内容冲突，已隔离，未覆盖原图。',
    '{{n}} images conflict with stored content; they were set aside, nothing was overwritten.',
  ],
  see: ['查看', 'See'],
  usedIn: ['用于申请', 'Used in'],
  received: ['收到', 'received'],
  unused: ['尚未用于申请', 'not in a request yet'],
  series: ['序列', 'Series'],
  hide: ['隐藏…', 'Hide…'],
})

const MODALITIES = ['CT', 'MR', 'DX', 'CR', 'US', 'ECG', 'SM', 'MG', 'XA']

export function StudiesPage() {
  const t = useWords()
  const stores = useMay('store-studies')
  const [text, setText] = useState('')
  const [modality, setModality] = useState('')
  const [opened, setOpened] = useState<StudyOut | null>(null)
  const q = useSettled(text.trim(), 250)
  const list = useInfiniteQuery(
    studiesQuery({ ...(q ? { q } : {}), ...(modality ? { modality } : {}) }),
  )
  const rows = list.data?.pages.flatMap((each) => each.items) ?? []
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <div className={styles.filters}>
          <Select
            aria-label={t('any')}
            value={modality}
            onChange={setModality}
            popupMatchSelectWidth={false}
            options={[
              { value: '', label: t('any') },
              ...MODALITIES.map((value) => ({ value, label: value })),
            ]}
          />
          <Input.Search
            allowClear
            className={styles.search}
            placeholder={t('search')}
            aria-label={t('search')}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      </header>
      {stores ? <Arriving /> : null}
      <Conflicts />
      {list.error ? <ProblemNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <RowSkeletons /> : null}
      {list.data && rows.length === 0 ? (
        <Empty
          title={q || modality ? t('noMatch') : t('empty')}
          teach={q || modality ? t('noMatchTeach') : t('emptyTeach')}
        />
      ) : null}
      <ul className={styles.rows}>
        {rows.map((study) => (
          <StudyRow key={study.id} study={study} onOpen={() => setOpened(study)} />
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button block loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('more')}
        </Button>
      ) : null}
      <StudyDrawer study={opened} onClose={() => setOpened(null)} />
    </main>
  )
}

/** Uploads that belong to no request, begun here. */
function Arriving() {
  const begin = useBegin()
  const uploads = useUploads().uploads.filter((upload) => upload.requestId === null)
  return (
    <>
      <DropArea slim onPicked={begin} />
      {uploads.map((upload) => (
        <div key={upload.id} className={page.card}>
          <UploadPanel upload={upload} />
        </div>
      ))}
    </>
  )
}

function StudyRow({ study, onOpen }: { study: StudyOut; onOpen: () => void }) {
  const t = useWords()
  return (
    <li className={styles.row}>
      <button type="button" className={styles.door} onClick={onOpen}>
        <Thumbnail address={study.thumbnail} />
        <span className={styles.words}>
          <span className={styles.first}>
            <PatientLine
              name={study.patient.name}
              sex={study.patient.sex}
              age={study.patient.age}
            />
            <span className={styles.number}>{patientNumber(study.patient)}</span>
          </span>
          <span>
            <strong>{study.modalities.join('/')}</strong> {study.description}
          </span>
        </span>
        <span className={styles.facts}>
          <span>{studyDate(study.study_date)}</span>
          <span>{t('images', { series: study.series_count, n: study.instance_count })}</span>
          <span>
            {t('received')} <Moment at={study.received_at} />
          </span>
        </span>
      </button>
      <a
        className={styles.view}
        href={viewerAddress([study.study_uid])}
        target="_blank"
        rel="noreferrer"
      >
        {t('view')}
      </a>
    </li>
  )
}

function StudyDrawer({ study, onClose }: { study: StudyOut | null; onClose: () => void }) {
  const t = useWords()
  const { data } = useQuery({ ...studyQuery(study?.id ?? ''), enabled: study !== null })
  const corrects = useMay('correct-studies')
  const [hiding, setHiding] = useState(false)
  return (
    <Drawer open={study !== null} onClose={onClose} title={study?.patient.name} size={420}>
      {study ? (
        <p className={page.quiet}>
          {[study.accession_number, study.institution.name].filter(Boolean).join(' · ')}
        </p>
      ) : null}
      <h3 className={styles.heading}>{t('series')}</h3>
      <ul className={styles.plain}>
        {data?.series.map((series) => (
          <li key={series.series_uid}>
            <strong>{series.modality}</strong> {series.description} · {series.instance_count}
          </li>
        ))}
      </ul>
      <h3 className={styles.heading}>{t('usedIn')}</h3>
      {data && data.requests.length === 0 ? <p className={page.quiet}>{t('unused')}</p> : null}
      <ul className={styles.plain}>
        {data?.requests.map((id) => (
          <li key={id}>
            <CaseLink id={id} />
          </li>
        ))}
      </ul>
      {corrects && data ? (
        <p className={styles.hide}>
          <Button onClick={() => setHiding(true)}>{t('hide')}</Button>
          <HideDialog
            study={data}
            open={hiding}
            onClose={() => setHiding(false)}
            onHidden={() => {
              setHiding(false)
              onClose()
            }}
          />
        </p>
      ) : null}
    </Drawer>
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

function Conflicts() {
  const t = useWords()
  const filter = { state: 'open', reason: '', q: '' } as const
  const { data } = useQuery({ ...conflictsQuery(filter), enabled: useMay('correct-studies') })
  if (!data?.waiting) return null
  return (
    <Alert
      type="warning"
      showIcon
      title={t('conflicts', { n: data.waiting })}
      action={<Link to="/care/quarantine">{t('see')}</Link>}
    />
  )
}
