/** The table of the month: one row a reader, every number a button to its cases. */
import { Tooltip } from 'antd'
import { useRef } from 'react'
import { useGridFocus } from '../shared/gridFocus'
import type { StandingOut } from '../shared/schema'
import { pick } from '../shared/words'
import { monthWords } from '../tally/numbers'
import { FIGURES } from './api'
import { Against, Choices, Hours, Sum } from './cells'
import type { Spot } from './FactsDrawer'
import { ENOUGH } from './numbers'
import styles from './StandingTable.module.css'
import { useWords } from './words'

export interface StandingsProps {
  readers: readonly StandingOut[]
  month: string
  onOpen: (spot: Spot) => void
}

export function StandingTable({ readers, month, onOpen }: StandingsProps) {
  const t = useWords()
  const place = useRef<HTMLDivElement>(null)
  const grid = useGridFocus(place, readers.length, FIGURES.length, 0)
  return (
    <div ref={place} className={styles.scroller}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: WAI-ARIA's grid pattern allows a table, which keeps heads and cells tied together without more roles.
        role="grid"
        className={styles.table}
        aria-label={t('table', { month: monthWords(month) })}
        onKeyDown={grid.onKeyDown}
      >
        <thead>
          <tr>
            <th scope="col">{t('reader')}</th>
            {FIGURES.map((figure) => (
              <Head key={figure} number label={t(figure)} means={t(`${figure}Means`)} />
            ))}
            <Head label={t('share')} means={t('shareMeans')} />
            <Head number label={t('hours')} means={t('hoursMeans')} />
            <Head label={t('picking')} means={t('pickingMeans', { enough: ENOUGH })} />
          </tr>
        </thead>
        <tbody>
          {readers.map((reader, row) => (
            <tr key={reader.person_id}>
              <th scope="row" className={styles.name}>
                {reader.name}
                <span>{pick(reader.title)}</span>
              </th>
              {FIGURES.map((figure, column) => (
                <td key={figure} className={styles.number}>
                  <Sum
                    reader={reader}
                    figure={figure}
                    onOpen={() => onOpen({ reader, figure })}
                    cell={grid.cell(row, column)}
                  />
                </td>
              ))}
              <td className={styles.against}>
                <Against reader={reader} all={readers} />
              </td>
              <td className={styles.number}>
                <Hours reader={reader} />
              </td>
              <td>
                <Choices reader={reader} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface HeadProps {
  label: string
  means: string
  number?: boolean
}

/** A head that explains itself under the pointer; the docs tell the same at length. */
function Head({ label, means, number = false }: HeadProps) {
  return (
    <th scope="col" className={number ? styles.number : ''}>
      <Tooltip title={means} placement="bottom" mouseEnterDelay={0.3}>
        <span className={styles.head} aria-description={means}>
          {label}
        </span>
      </Tooltip>
    </th>
  )
}
