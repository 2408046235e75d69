/** A course's files: pictures and PDF open beside, films play here and go on where one left off. */
import { UploadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Upload } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { CourseWhole, MaterialOut } from '../shared/schema'
import { addMaterial, openedPaper, play, removeMaterial } from './api'
import styles from './training.module.css'
import { useWords } from './words'

const BEAT = 30_000

export function Materials({ course }: { course: CourseWhole }) {
  const t = useWords()
  const { message } = App.useApp()
  const [watched, setWatched] = useState<string | null>(null)
  const adds = course.allowed.includes('add-material')
  const add = useMutation({
    mutationFn: (file: File) => addMaterial(course.id, file),
    onSuccess: () => void message.success(t('saved')),
  })
  const remove = useMutation({ mutationFn: removeMaterial })
  const opened = useMutation({ mutationFn: openedPaper })
  const film = course.materials.find((one) => one.id === watched)
  const asks = useAsks(course)
  return (
    <section className={page.card}>
      <header className={page.head}>
        <h2 className={page.subtitle}>{t('materials')}</h2>
        {adds ? (
          <Upload
            accept=".pdf,.png,.jpg,.jpeg,.mp4"
            showUploadList={false}
            beforeUpload={(file) => {
              add.mutate(file)
              return false
            }}
          >
            <Button icon={<UploadOutlined />} loading={add.isPending}>
              {t('addMaterial')}
            </Button>
          </Upload>
        ) : null}
      </header>
      {add.error ? <ProblemNotice error={add.error} /> : null}
      {remove.error ? <ProblemNotice error={remove.error} /> : null}
      {opened.error ? <ProblemNotice error={opened.error} /> : null}
      {asks === null ? null : <p className={page.quiet}>{asks}</p>}
      {course.materials.length === 0 ? (
        <p className={page.quiet}>{adds ? t('materialTypes') : t('noMaterials')}</p>
      ) : null}
      {film ? <Film key={film.id} film={film} /> : null}
      <ul className={styles.rows}>
        {course.materials.map((one) => (
          <li key={one.id} className={styles.row}>
            <span>
              <span className={styles.strong}>{one.name}</span>
              <span className={styles.line}>
                <span>{sizeWords(one.size)}</span>
                {one.played ? <span>{t('plays', { n: one.plays })}</span> : null}
                {!one.played && one.opened ? <span>{t('opened')}</span> : null}
                {one.position > 0 ? <span>{t('leftOff', { at: clock(one.position) })}</span> : null}
              </span>
            </span>
            <span className={styles.bar}>
              {one.played ? (
                <Button type="primary" ghost onClick={() => setWatched(one.id)}>
                  {t('watch')}
                </Button>
              ) : (
                <Button
                  href={`/api/materials/${one.id}/file`}
                  target="_blank"
                  onClick={() => opened.mutate(one.id)}
                  onAuxClick={({ button }) => button === 1 && opened.mutate(one.id)}
                >
                  {t('open')}
                </Button>
              )}
              {adds ? (
                <Button danger type="text" onClick={() => remove.mutate(one.id)}>
                  {t('remove')}
                </Button>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What a course on demand asks of those who take part; of any other, and without files, nothing. */
function useAsks(course: CourseWhole): string | null {
  const t = useWords()
  if (course.kind !== 'on-demand' || course.materials.length === 0) return null
  if (course.materials.some((one) => one.played))
    return t('asksTime', { percent: course.required_percent })
  return t(course.questions > 0 ? 'asksPapersQuiz' : 'asksPapers')
}

function Film({ film }: { film: MaterialOut }) {
  const video = useRef<HTMLVideoElement>(null)
  const begun = useRef(false)
  useEffect(() => {
    const tell = () => {
      const at = video.current
      if (at === null || at.paused) return
      const begins = !begun.current
      begun.current = true
      // Lost once is said again half a minute later.
      void play(film.id, Math.floor(at.currentTime), begins).catch(() => undefined)
    }
    const timer = setInterval(tell, BEAT)
    const element = video.current
    element?.addEventListener('playing', tell)
    return () => {
      clearInterval(timer)
      element?.removeEventListener('playing', tell)
    }
  }, [film.id])
  return (
    <video
      ref={video}
      className={styles.film}
      controls
      autoPlay
      controlsList="nodownload"
      src={`/api/materials/${film.id}/file`}
      onLoadedMetadata={(event) => {
        event.currentTarget.currentTime = film.position
      }}
    >
      <track kind="captions" />
    </video>
  )
}

function clock(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, '0')
  return `${Math.floor(seconds / 60)}:${rest}`
}

function sizeWords(size: number): string {
  return size >= 1 << 20 ? `${(size / (1 << 20)).toFixed(1)} MB` : `${Math.ceil(size / 1024)} KB`
}
