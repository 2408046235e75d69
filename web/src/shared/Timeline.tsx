/** A case's story, top to bottom: what happened, by whom, when, and what is expected next. */
import type { ReactNode } from 'react'
import { Moment } from './Moment'
import styles from './Timeline.module.css'

export interface Step {
  key: string
  at: string | null
  title: ReactNode
  detail?: ReactNode
  tone?: 'done' | 'now' | 'next' | 'warn' | 'bad'
}

export function Timeline({ steps, label }: { steps: Step[]; label: string }) {
  return (
    <ol className={styles.timeline} aria-label={label}>
      {steps.map((step) => (
        <li key={step.key} className={`${styles.step} ${styles[step.tone ?? 'done']}`}>
          <span className={styles.dot} aria-hidden />
          <div className={styles.head}>
            <span className={styles.title}>{step.title}</span>
            {step.at ? (
              <span className={styles.at}>
                <Moment at={step.at} />
              </span>
            ) : null}
          </div>
          {step.detail ? <div className={styles.detail}>{step.detail}</div> : null}
        </li>
      ))}
    </ol>
  )
}
