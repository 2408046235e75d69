/** What a reader's month is shown by, in the table and on a phone's cards. */
import type { GridCell } from '../shared/gridFocus'
import type { PickingOut, StandingOut } from '../shared/schema'
import type { Figure } from './api'
import styles from './cells.module.css'
import { amountWords, barsOf, indexWords, percentWords, saidOf } from './numbers'
import { useWords } from './words'

interface SumProps {
  reader: StandingOut
  figure: Figure
  onOpen: () => void
  cell?: GridCell
  /** Where no column's head says which figure it is. */
  named?: boolean
}

export function Sum({ reader, figure, onOpen, cell, named = false }: SumProps) {
  const t = useWords()
  const { points, count } = reader[figure]
  const words = { who: reader.name, figure: t(figure), points: amountWords(points), cases: count }
  return (
    <button
      type="button"
      className={`${styles.sum} ${count === 0 ? styles.nothing : ''} ${named ? styles.named : ''}`}
      aria-label={t('openNumber', words)}
      aria-haspopup="dialog"
      onClick={onOpen}
      {...cell}
    >
      {named ? <span className={styles.more}>{t(figure)}</span> : null}
      <span className={styles.points}>{count === 0 ? '0' : t('points', { n: words.points })}</span>
      {count === 0 ? null : <span className={styles.more}>{t('cases', { n: count })}</span>}
    </button>
  )
}

/** Expected against done: the bar is what was done, the line what was expected. */
export function Against({ reader, all }: { reader: StandingOut; all: readonly StandingOut[] }) {
  const t = useWords()
  const bars = barsOf(reader, all)
  return (
    <div className={styles.against}>
      <span>
        {percentWords(reader.share)}{' '}
        <span className={styles.more}>
          {reader.expected > 0
            ? t('expected', { part: percentWords(reader.expected) })
            : t('unexpected')}
        </span>
      </span>
      <svg
        className={styles.bar}
        viewBox="0 0 100 12"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect className={styles.ground} y="3" width="100" height="6" />
        <rect className={styles.done} y="3" width={bars.done} height="6" />
        <line
          className={styles.expected}
          x1={bars.expected}
          x2={bars.expected}
          y1="0"
          y2="12"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
    </div>
  )
}

export function Hours({ reader }: { reader: StandingOut }) {
  const t = useWords()
  const hours = reader.duty_hours
  return (
    <span className={hours === 0 ? styles.nothing : ''}>
      {t('hoursOf', { n: amountWords(hours) })}
    </span>
  )
}

/** What the choices show, in words; a number only where it means something. */
export function Choices({ reader: { picking } }: { reader: StandingOut }) {
  const t = useWords()
  const said = saidOf(picking)
  const plain = said === 'none' || said === 'few'
  return (
    <div className={styles.choices}>
      <span className={plain ? styles.nothing : ''}>
        {t(said, { part: percentWords(Math.abs(picking?.index ?? 0)) })}
      </span>
      {picking === null ? null : (
        <span className={styles.more}>
          {t('choices', { n: picking.choices })}
          {plain ? null : <Passed picking={picking} />}
        </span>
      )}
    </div>
  )
}

function Passed({ picking }: { picking: PickingOut }) {
  const t = useWords()
  return (
    <span title={t('passedMeans', { index: indexWords(picking) })}>
      {' · '}
      {t('passed', { part: percentWords(picking.passed) })}
    </span>
  )
}
