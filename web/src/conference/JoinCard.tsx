/** How a hardware room dials the institution's own bridge: shown, and printed for the wall. */
import { Button } from 'antd'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import type { ConferenceOut } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './JoinCard.module.css'
import { useWords } from './words'

export function JoinCard({ conference }: { conference: ConferenceOut }) {
  const t = useWords()
  const { card } = conference
  const since = Date.parse(conference.since)
  if (card === null || card === undefined)
    return (
      <section className={styles.card}>
        <h3>{t('card')}</h3>
        <p className={styles.teach}>{t('noCard')}</p>
      </section>
    )
  const lines = [
    [t('bridge'), card.bridge],
    [t('meeting'), card.meeting],
    ...(card.pin ? [[t('pin'), card.pin]] : []),
  ]
  return (
    <section className={`${styles.card} ${styles.printed}`} aria-label={t('card')}>
      <h3>{t('card')}</h3>
      <p className={styles.teach}>
        {conference.number} {dateWords(dayOf(since))} {clockOf(since)}
      </p>
      <dl className={styles.lines}>
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.teach}>{pick(card.note)}</p>
      <p className={styles.teach}>{t('cardTeach', { place: card.institution_name })}</p>
      <Button size="small" className={styles.print ?? ''} onClick={() => window.print()}>
        {t('print')}
      </Button>
    </section>
  )
}
