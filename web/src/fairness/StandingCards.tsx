/** The same month on a phone: one card a reader. */
import { pick } from '../shared/words'
import { monthWords } from '../tally/numbers'
import { FIGURES } from './api'
import { Against, Choices, Hours, Sum } from './cells'
import styles from './StandingCards.module.css'
import type { StandingsProps } from './StandingTable'
import { useWords } from './words'

export function StandingCards({ readers, month, onOpen }: StandingsProps) {
  const t = useWords()
  return (
    <ul className={styles.cards} aria-label={t('table', { month: monthWords(month) })}>
      {readers.map((reader) => (
        <li key={reader.person_id} className={styles.card}>
          <h2 className={styles.name}>
            {reader.name} <span>{pick(reader.title)}</span>
          </h2>
          <div className={styles.sums}>
            {FIGURES.map((figure) => (
              <Sum
                key={figure}
                named
                reader={reader}
                figure={figure}
                onOpen={() => onOpen({ reader, figure })}
              />
            ))}
          </div>
          <dl className={styles.more}>
            <dt>{t('share')}</dt>
            <dd>
              <Against reader={reader} all={readers} />
            </dd>
            <dt>{t('hours')}</dt>
            <dd>
              <Hours reader={reader} />
            </dd>
            <dt>{t('picking')}</dt>
            <dd>
              <Choices reader={reader} />
            </dd>
          </dl>
        </li>
      ))}
    </ul>
  )
}
