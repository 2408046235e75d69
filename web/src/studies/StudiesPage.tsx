/** The institution's studies: found by name, pinyin or initials; new ones dropped in on top. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Alert, Button, Input, Select } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { conflictsQuery } from '../care/api'
import { ToSignStrip } from '../conference/case/ToSign'
import { RowSkeletons } from '../requests/DayPage'
import { patientNumber } from '../requests/names'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { StudyOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { defineWords } from '../shared/words'
import { DropArea } from '../uploads/DropArea'
import { useUploads } from '../uploads/manager'
import { UploadPanel } from '../uploads/UploadPanel'
import { useBegin } from '../uploads/useBegin'
import { studiesQuery } from './api'
import { studyDate } from './dates'
import styles from './StudiesPage.module.css'
import { HeldTag, Thumbnail, viewerAddress } from './StudyCard'
import { StudyDrawer } from './StudyDrawer'

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
  received: ['收到', 'received'],
})

const MODALITIES = ['CT', 'MR', 'DX', 'CR', 'US', 'ECG', 'SM', 'MG', 'XA']

export function StudiesPage() {
  const t = useWords()
  const stores = useMay('store-studies')
  const [text, setText] = useState('')
  const [modality, setModality] = useState('')
  const [params, setParams] = useSearchParams()
  const opened = params.get('study')
  const open = (id: string | null) => setParams(id ? { study: id } : {}, { replace: true })
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
      <ToSignStrip card />
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
          <StudyRow key={study.id} study={study} onOpen={() => open(study.id)} />
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button block loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('more')}
        </Button>
      ) : null}
      <StudyDrawer id={opened} onClose={() => open(null)} />
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
            <strong>{study.modalities.join('/')}</strong> {study.description}{' '}
            {study.on_hold ? <HeldTag /> : null}
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
