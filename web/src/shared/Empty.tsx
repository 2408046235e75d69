/** An empty place that teaches: what will appear here, and how to make the first one. */
import { InboxOutlined } from '@ant-design/icons'
import type { ReactNode } from 'react'
import styles from './Empty.module.css'

interface Props {
  title: string
  teach: string
  icon?: ReactNode
  action?: ReactNode
  /** A line or two inside a panel rather than a page. */
  small?: boolean
}

export function Empty({ title, teach, icon, action, small = false }: Props) {
  return (
    <div className={`${styles.empty} ${small ? styles.small : ''}`}>
      {small ? null : (
        <span className={styles.icon} aria-hidden>
          {icon ?? <InboxOutlined />}
        </span>
      )}
      <p className={styles.title}>{title}</p>
      <p className={styles.teach}>{teach}</p>
      {action}
    </div>
  )
}
