/** A bar over the foot of a list, with what can be done to the marked rows; nothing while empty. */
import type { ReactNode } from 'react'
import styles from './FloatingBar.module.css'

export function FloatingBar({ shown, children }: { shown: boolean; children: ReactNode }) {
  return (
    <div className={styles.place} role="status">
      {shown ? <div className={styles.bar}>{children}</div> : null}
    </div>
  )
}
