/** The cases in one's hands, stacked at the top: what is put aside is one click from its place. */
import { EditOutlined, PauseCircleFilled, ThunderboltFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { App } from 'antd'
import { useNavigate } from 'react-router'
import { problemWords } from '../shared/problem'
import type { RequestRow } from '../shared/schema'
import { hourWords } from '../shared/times'
import { headQuery, resume } from './api'
import styles from './OpenCases.module.css'
import { useWords } from './words'

/** Opens a case of one's own, taking it up again first when it was put aside. */
export function useReturn(): (row: Pick<RequestRow, 'id' | 'claim'>) => void {
  const go = useNavigate()
  const { message } = App.useApp()
  return (row) => {
    const aside = row.claim?.aside_at != null
    const back = aside ? resume(row.id) : Promise.resolve(null)
    back.then(
      () => void go(`/read/${row.id}`, { state: { restore: aside } }),
      (error: unknown) => void message.warning(problemWords(error).what),
    )
  }
}

export function useOpenCases(): RequestRow[] {
  const mine = useQuery(headQuery('mine')).data?.items ?? []
  const aside = useQuery(headQuery('aside')).data?.items ?? []
  return [...mine, ...aside].filter((row) => row.claim?.mine && row.state === 'open')
}

export function OpenCases({
  current,
  onLeave,
}: {
  current?: string
  onLeave?: () => Promise<unknown>
}) {
  const t = useWords()
  const open = useReturn()
  const rows = useOpenCases()
  if (rows.length === 0 || (rows.length === 1 && rows[0]?.id === current)) return null
  return (
    <nav className={styles.stack} aria-label={t('openCases')}>
      <span className={styles.title}>{t('openCases')}</span>
      {rows.map((row) => {
        const aside = row.claim?.aside_at
        return (
          <button
            key={row.id}
            type="button"
            className={styles.chip}
            aria-current={row.id === current ? 'page' : undefined}
            title={row.number}
            onClick={() => {
              if (row.id === current) return
              void (onLeave?.() ?? Promise.resolve()).then(() => open(row))
            }}
          >
            {aside ? <PauseCircleFilled aria-hidden /> : <EditOutlined aria-hidden />}
            {row.urgency === 'stat' ? (
              <ThunderboltFilled className={styles.stat} aria-label={t('stat')} />
            ) : null}
            {row.patient_name}
            <span className={styles.more}>
              {aside && row.claim
                ? t('asideUntil', { at: hourWords(row.claim.lease_until) })
                : t('inHand')}
            </span>
          </button>
        )
      })}
    </nav>
  )
}
