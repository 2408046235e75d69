/** A critical finding's way: notified, acknowledged, acted on; each by whom, what and when. */
import { CheckCircleFilled, ClockCircleFilled, WarningFilled } from '@ant-design/icons'
import { Clock } from '../shared/Clock'
import { Moment } from '../shared/Moment'
import type { CriticalNoticeOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import styles from './CriticalChain.module.css'

const { useWords } = defineWords('criticalChain', {
  label: ['危急值处置记录', 'What became of the critical finding'],
  finding: ['危急值：{{finding}}', 'Critical: {{finding}}'],
  closed: ['已闭环', 'closed'],
  notified: ['已通知', 'Notified'],
  acknowledged: ['已确认', 'Acknowledged'],
  acted: ['已处置', 'Acted on'],
  toAcknowledge: ['等待 {{who}} 确认', 'Waits for {{who}} to acknowledge'],
  toAct: ['等待 {{who}} 登记处置', 'Waits for {{who}} to enter what was done'],
})

export function CriticalChain({ item }: { item: RequestOut }) {
  const t = useWords()
  if (item.critical_notices.length === 0) return null
  return (
    <section className={styles.chains} aria-label={t('label')}>
      {item.critical_notices.map((notice) => (
        <Chain key={notice.id} notice={notice} there={item.requester.short_name} />
      ))}
    </section>
  )
}

function Chain({ notice, there }: { notice: CriticalNoticeOut; there: string }) {
  const t = useWords()
  const acknowledged = notice.acknowledged_at !== null
  const acted = [notice.acted ? pick(notice.acted) : '', notice.acted_note]
    .filter(Boolean)
    .join('；')
  return (
    <div className={styles.chain}>
      <h4 className={styles.finding}>
        <WarningFilled aria-hidden className={styles.sign} />{' '}
        {t('finding', { finding: pick(notice.label) })}
        {notice.acted_at ? <span className={styles.closed}>{t('closed')}</span> : null}
      </h4>
      <ol className={styles.links}>
        <Link title={t('notified')} who={notice.raised_by} at={notice.raised_at} />
        {acknowledged ? (
          <Link
            title={t('acknowledged')}
            what={notice.action}
            who={notice.acknowledged_by}
            at={notice.acknowledged_at}
          />
        ) : (
          <Owed title={t('toAcknowledge', { who: there })}>
            <Clock due={notice.due_at} since={notice.raised_at} />
          </Owed>
        )}
        {notice.acted_at ? (
          <Link title={t('acted')} what={acted} who={notice.acted_by} at={notice.acted_at} />
        ) : (
          <Owed title={t('toAct', { who: there })} />
        )}
      </ol>
    </div>
  )
}

interface LinkProps {
  title: string
  what?: string
  who: string | null
  at: string | null
}

function Link({ title, what = '', who, at }: LinkProps) {
  return (
    <li className={styles.link}>
      <CheckCircleFilled aria-hidden className={styles.done} />
      <span className={styles.title}>{title}</span>
      <span className={styles.what}>{what}</span>
      <span className={styles.who}>
        {who} {at ? <Moment at={at} /> : null}
      </span>
    </li>
  )
}

function Owed({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <li className={styles.link}>
      <ClockCircleFilled aria-hidden className={styles.owed} />
      <span className={styles.open}>
        {title} {children}
      </span>
    </li>
  )
}
