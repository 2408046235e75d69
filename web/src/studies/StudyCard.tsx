/** A study as a card: a small picture, what it is, how many images, a door to the viewer. */
import { EyeOutlined, PictureOutlined } from '@ant-design/icons'
import { Tag } from 'antd'
import { type ReactNode, useState } from 'react'
import type { StudyOut } from '../shared/schema'
import { defineWords } from '../shared/words'
import { studyDate } from './dates'
import styles from './StudyCard.module.css'

const { useWords } = defineWords('study', {
  images: ['{{series}} 个序列 · {{n}} 幅', '{{series}} series · {{n}} images'],
  open: ['阅片', 'View'],
  noDate: ['日期不详', 'no date'],
  held: ['已封存', 'Legal hold'],
  unnamed: ['未命名检查', 'unnamed study'],
})

interface Props {
  study: StudyOut
  viewerUrl?: string | null
  /** What stands at the end of the card, such as a button that takes it off. */
  extra?: ReactNode
}

export function StudyCard({ study, viewerUrl, extra }: Props) {
  const t = useWords()
  const url = viewerUrl === undefined ? viewerAddress([study.study_uid]) : viewerUrl
  return (
    <div className={styles.card}>
      <Thumbnail address={study.thumbnail} />
      <div className={styles.words}>
        <span className={styles.title}>
          <strong>{study.modalities.join('/')}</strong> {study.description || t('unnamed')}{' '}
          {study.on_hold ? <HeldTag /> : null}
        </span>
        <span className={styles.more}>
          {studyDate(study.study_date) || t('noDate')} · {study.institution.short_name}
        </span>
        <span className={styles.more}>
          {t('images', { series: study.series_count, n: study.instance_count })}
        </span>
      </div>
      <div className={styles.doors}>
        {url ? (
          <a href={url} target="_blank" rel="noreferrer">
            <EyeOutlined aria-hidden /> {t('open')}
          </a>
        ) : null}
        {extra}
      </div>
    </div>
  )
}

/** Says that nothing of a study may be deleted. */
export function HeldTag() {
  const t = useWords()
  return <Tag color="warning">{t('held')}</Tag>
}

/** A small picture; where the server has none a quiet sign stands in its place. */
export function Thumbnail({ address }: { address: string | null }) {
  const [failed, setFailed] = useState<string | null>(null)
  return (
    <span className={styles.picture}>
      {address && failed !== address ? (
        <img src={address} alt="" loading="lazy" onError={() => setFailed(address)} />
      ) : (
        <PictureOutlined aria-hidden />
      )}
    </span>
  )
}

/** The viewer opened on exactly these studies. */
export function viewerAddress(uids: readonly string[]): string {
  return `/viewer/viewer?StudyInstanceUIDs=${encodeURIComponent(uids.join(','))}`
}
