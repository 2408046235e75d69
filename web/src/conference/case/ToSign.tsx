/** Minutes that wait for one's own signature: a group of the day page, or a strip above a list. */
import { EditOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import strip from '../../reading/OpenCases.module.css'
import { useCatalogue } from '../../requests/api'
import day from '../../requests/DayPage.module.css'
import { serviceLabel } from '../../requests/names'
import { useMay } from '../../session/session'
import { Moment } from '../../shared/Moment'
import { serverNow } from '../../shared/now'
import { ProblemNotice } from '../../shared/ProblemNotice'
import type { ToSignOut } from '../../shared/schema'
import { momentWords } from '../../shared/times'
import { toSignQuery } from './api'
import styles from './ToSign.module.css'
import { useWords } from './words'

/** Rows at once; the rest come up as these are signed. */
const SHOWN = 6

export function useToSign() {
  return useQuery({ ...toSignQuery, enabled: useMay('see-calendars') })
}

const pathOf = (one: ToSignOut) => `/appointments/${one.appointment_id}/minutes`

/** Among what waits for the requesting doctor. */
export function ToSignGroup() {
  const t = useWords()
  const catalogue = useCatalogue()
  const asked = useToSign()
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  const items = asked.data?.items ?? []
  if (items.length === 0) return null
  return (
    <section className={day.group}>
      <h3 className={day.groupTitle}>
        {t('toSign')} <span className={day.groupCount}>{items.length}</span>
      </h3>
      <ul className={day.list}>
        {items.slice(0, SHOWN).map((one) => (
          <li key={one.appointment_id}>
            <Link to={pathOf(one)} className={`${day.waitingRow} ${day.to_read}`}>
              <span className={day.waitingFirst}>
                <span>{serviceLabel(catalogue, one.service)}</span>
                <span className={day.waitingAt}>
                  <Moment at={one.closed_at} ago />
                </span>
              </span>
              <span className={day.waitingMore}>
                {momentWords(one.since, serverNow())} · {one.number}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Above a list; nothing while nothing waits. */
export function ToSignStrip({ card = false }: { card?: boolean }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const items = useToSign().data?.items ?? []
  if (items.length === 0) return null
  return (
    <nav className={card ? `${strip.stack} ${styles.card}` : strip.stack} aria-label={t('toSign')}>
      <span className={strip.title}>
        {t('toSign')} <span className={day.groupCount}>{items.length}</span>
      </span>
      {items.map((one) => (
        <Link key={one.appointment_id} to={pathOf(one)} className={strip.chip} title={one.number}>
          <EditOutlined aria-hidden />
          {serviceLabel(catalogue, one.service)}
          <span className={strip.more}>
            {one.requester_name} · {momentWords(one.since, serverNow())}
          </span>
        </Link>
      ))}
    </nav>
  )
}
