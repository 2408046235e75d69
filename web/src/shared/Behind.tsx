/** What is behind a number: what it says, then the cases that were counted, page by page. */
import { Button, Skeleton } from 'antd'
import type { ReactNode } from 'react'
import styles from './Behind.module.css'
import { Empty } from './Empty'
import { ProblemNotice } from './ProblemNotice'
import page from './page.module.css'

/** The part of an infinite query that the list needs. */
interface Found {
  data: unknown
  error: Error | null
  isPending: boolean
  hasNextPage: boolean
  isFetchingNextPage: boolean
  refetch: () => unknown
  fetchNextPage: () => unknown
}

interface Props {
  /** Whose number, and of when. */
  of: string
  value: ReactNode
  /** What it counts, and what else is to be known of it. */
  notes: string[]
  found: Found
  empty: boolean
  none: { title: string; teach: string }
  more: string
  /** One list item a case. */
  children: ReactNode
}

export function Behind({ of, value, notes, found, empty, none, more, children }: Props) {
  return (
    <div className={styles.body}>
      <header className={styles.summary}>
        <span className={page.quiet}>{of}</span>
        <strong className={styles.value}>{value}</strong>
        {notes.map((note) => (
          <span key={note} className={page.quiet}>
            {note}
          </span>
        ))}
      </header>
      {found.error ? (
        <ProblemNotice error={found.error} kept="" onRetry={() => void found.refetch()} />
      ) : null}
      {found.isPending ? <Skeleton active paragraph={{ rows: 6 }} /> : null}
      {found.data !== undefined && empty ? (
        <Empty small title={none.title} teach={none.teach} />
      ) : null}
      <ol className={styles.list}>{children}</ol>
      {found.hasNextPage ? (
        <Button block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {more}
        </Button>
      ) : null}
    </div>
  )
}
