/** The code as the hall sees it: large, with its QR and the number of those who came. */
import { useQuery } from '@tanstack/react-query'
import { Button, QRCode } from 'antd'
import { useEffect, useRef } from 'react'
import { serverNow, useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { LectureOut } from '../shared/schema'
import { codeQuery } from './api'
import { windowWords } from './shown'
import styles from './training.module.css'
import { useWords } from './words'

export function CodeBoard({ lecture }: { lecture: LectureOut }) {
  const now = useNow(60_000)
  const early = Date.parse(lecture.code_from) > now
  return early ? <ToCome lecture={lecture} /> : <Board lecture={lecture} />
}

function ToCome({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  return (
    <section className={page.card}>
      <h2 className={page.subtitle}>{t('code')}</h2>
      <p className={page.quiet}>
        {windowWords(lecture.check_in_opens, lecture.check_in_closes)}
        {t('codeToCome')}
      </p>
    </section>
  )
}

function Board({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const board = useRef<HTMLDivElement>(null)
  const { data, error, refetch } = useQuery(codeQuery(lecture.id))
  const now = useNow(1000)
  const changes = data?.changes_at ? Date.parse(data.changes_at) : null
  useEffect(() => {
    if (changes === null) return
    const wait = Math.max(500, changes - serverNow() + 300)
    const timer = setTimeout(() => void refetch(), wait)
    return () => clearTimeout(timer)
  }, [changes, refetch])
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (data === undefined) return null
  return (
    <section className={page.card}>
      <div className={styles.board} ref={board}>
        <div>
          <div className={styles.digits} data-code={data.code}>
            {data.code}
          </div>
          <p className={page.quiet}>
            {t('codeTeach')}
            {changes === null
              ? ''
              : ` · ${t('changesIn', { n: Math.max(0, Math.ceil((changes - now) / 1000)) })}`}
          </p>
          <p>
            <span className={styles.count} aria-live="polite">
              {lecture.came}
            </span>{' '}
            {t('cameOf', { taken: lecture.taken })}
          </p>
        </div>
        <QRCode aria-label={t('qr')} value={data.address} size={220} />
      </div>
      <div className={styles.bar}>
        {document.fullscreenEnabled ? (
          <Button onClick={() => void board.current?.requestFullscreen()}>{t('bigScreen')}</Button>
        ) : null}
        <span className={page.quiet}>{windowWords(data.opens, data.closes)}</span>
      </div>
    </section>
  )
}
