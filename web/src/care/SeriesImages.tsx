/** The images of a series as small pictures, one of which can be hidden. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Button, Modal, Skeleton } from 'antd'
import { useState } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { SeriesOut, StudyDetail } from '../shared/schema'
import { Thumbnail } from '../studies/StudyCard'
import { type ImageRef, imagesQuery } from './api'
import styles from './care.module.css'
import { HideDialog, imageWords } from './HideDialog'
import { useWords } from './words'

interface Props {
  study: StudyDetail
  series: SeriesOut | null
  onClose: () => void
  /** Nothing of the study is left to be shown. */
  onGone: () => void
}

export function SeriesImages({ study, series, onClose, onGone }: Props) {
  const t = useWords()
  return (
    <Modal
      open={series !== null}
      width={760}
      title={series ? `${series.modality} ${series.description}` : ''}
      footer={null}
      onCancel={onClose}
      destroyOnHidden
    >
      <p className={page.quiet}>{t('pickTeach')}</p>
      {series ? <Images study={study} series={series} onGone={onGone} /> : null}
    </Modal>
  )
}

interface ImagesProps {
  study: StudyDetail
  series: SeriesOut
  onGone: () => void
}

function Images({ study, series, onGone }: ImagesProps) {
  const t = useWords()
  const [chosen, setChosen] = useState<ImageRef | null>(null)
  const [hiding, setHiding] = useState(false)
  const list = useInfiniteQuery(imagesQuery(study.study.study_uid, series.series_uid))
  const images = list.data?.pages.flat() ?? []
  if (list.error) return <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
  if (list.isPending) return <Skeleton active />
  if (images.length === 0) return <Empty small title={t('noImages')} teach="" />
  return (
    <>
      <ul className={styles.images} aria-label={t('pickImage')}>
        {images.map((image) => (
          <li key={image.uid}>
            <button
              type="button"
              className={styles.image}
              aria-pressed={chosen?.uid === image.uid}
              onClick={() => setChosen(image)}
            >
              <Thumbnail address={image.thumbnail} />
              <span>{imageWords(image)}</span>
            </button>
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button block loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('moreImages')}
        </Button>
      ) : null}
      <div className={styles.deeds}>
        <Button danger disabled={chosen === null} onClick={() => setHiding(true)}>
          {t('hideOne')}
        </Button>
      </div>
      <HideDialog
        study={study}
        image={chosen}
        open={hiding}
        onClose={() => setHiding(false)}
        onHidden={() => {
          setHiding(false)
          setChosen(null)
          if (study.study.instance_count <= 1) onGone()
        }}
      />
    </>
  )
}
