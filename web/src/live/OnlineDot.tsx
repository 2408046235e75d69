/** Whether somebody is connected: a full dot, a ring, or a dashed ring where nobody knows. */
import { defineWords } from '../shared/words'
import styles from './OnlineDot.module.css'
import { isOnline, usePresent } from './presence'

const { useWords } = defineWords('online', {
  online: ['在线', 'online'],
  offline: ['不在线', 'offline'],
  unknown: ['在线与否未知', 'nobody knows whether online'],
})

export function OnlineDot({ person }: { person: string }) {
  const t = useWords()
  const online = isOnline(usePresent(), person)
  const state = online === null ? 'unknown' : online ? 'online' : 'offline'
  return (
    <span className={`${styles.dot} ${styles[state]}`} title={t(state)}>
      <span className="visually-hidden">{t(state)}</span>
    </span>
  )
}
