/** The holds of a study: the one in force with its button, and what was. */
import { Button, Tag } from 'antd'
import { useState } from 'react'
import { useMay } from '../session/session'
import { Moment } from '../shared/Moment'
import type { HoldOut } from '../shared/schema'
import styles from './care.module.css'
import { HoldDialog, LiftDialog } from './HoldDialog'
import { useHoldWords } from './holdWords'

/** Puts on or takes off, for those who may. */
export function HoldButton({ studyId, on }: { studyId: string; on: boolean }) {
  const t = useHoldWords()
  const [asking, setAsking] = useState(false)
  if (!useMay('delete-studies')) return null
  const close = () => setAsking(false)
  return (
    <>
      <Button onClick={() => setAsking(true)}>{t(on ? 'lift' : 'hold')}</Button>
      {on ? (
        <LiftDialog studyId={studyId} open={asking} onClose={close} />
      ) : (
        <HoldDialog studyId={studyId} open={asking} onClose={close} />
      )}
    </>
  )
}

/** One hold in words: why, for whom, until when, and how it ended. */
export function HoldLine({ hold }: { hold: HoldOut }) {
  const t = useHoldWords()
  return (
    <span className={styles.words}>
      <span>
        {hold.reason} {hold.due ? <Tag color="error">{t('due')}</Tag> : null}
      </span>
      <span className={styles.more}>
        {hold.asked_by ? `${t('askedByLine', { who: hold.asked_by })} · ` : ''}
        {hold.until ? t('untilLine', { day: hold.until }) : t('openEnded')} ·{' '}
        {t('heldBy', { who: hold.held_by })} <Moment at={hold.at} />
      </span>
      {hold.ended_at ? (
        <span className={styles.more}>
          {t('endedBy', { who: hold.ended_by ?? '' })} <Moment at={hold.ended_at} />
          {hold.end_reason ? ` · ${hold.end_reason}` : ''}
        </span>
      ) : null}
    </span>
  )
}
