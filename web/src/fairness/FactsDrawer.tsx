/** The cases behind one number of one reader, each to be opened. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Drawer } from 'antd'
import { Link } from 'react-router'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { Behind } from '../shared/Behind'
import type { StandingOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { monthWords } from '../tally/numbers'
import { type Figure, factsQuery } from './api'
import styles from './FactsDrawer.module.css'
import { amountWords } from './numbers'
import { useWords } from './words'

export interface Spot {
  reader: StandingOut
  figure: Figure
}

interface Props {
  month: string
  /** Null while closed. */
  spot: Spot | null
  onClose: () => void
}

export function FactsDrawer({ month, spot, onClose }: Props) {
  const t = useWords()
  return (
    <Drawer open={spot !== null} onClose={onClose} size={560} title={t('facts')} destroyOnHidden>
      {spot === null ? null : <Facts month={month} spot={spot} />}
    </Drawer>
  )
}

function Facts({ month, spot: { reader, figure } }: { month: string; spot: Spot }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const found = useInfiniteQuery(factsQuery(month, reader.person_id, figure))
  const items = found.data?.pages.flatMap((each) => each.items) ?? []
  const { points, count } = reader[figure]
  return (
    <Behind
      of={t('factsOf', { who: reader.name, month: monthWords(month) })}
      value={`${t(figure)} ${t('points', { n: amountWords(points) })} · ${t('cases', { n: count })}`}
      notes={[t(`${figure}Means`)]}
      found={found}
      empty={items.length === 0}
      none={{ title: t('factsNone'), teach: t('factsNoneTeach') }}
      more={t('more')}
    >
      {items.map((item) => (
        <li key={item.seq} className={styles.line}>
          <Link to={`/requests/${item.request_id}`}>{item.number}</Link>
          <span>{serviceLabel(catalogue, item.service)}</span>
          <time dateTime={item.at}>{exactWords(item.at).slice(0, 16)}</time>
          <span className={styles.points}>{t('points', { n: amountWords(item.points) })}</span>
        </li>
      ))}
    </Behind>
  )
}
