/** Appointments as a list by days, for a screen that columns of time do not fit on. */
import { Tag } from 'antd'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf } from '../roster/days'
import { useMe } from '../session/session'
import { useNow } from '../shared/now'
import type { AppointmentOut } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './Agenda.module.css'
import { COLOURS } from './colours'
import type { Column } from './TimeGrid'
import { useWords } from './words'

interface Props {
  columns: readonly Column[]
  appointments: readonly AppointmentOut[]
  onOpen: (id: string) => void
}

export function Agenda({ columns, appointments, onOpen }: Props) {
  const today = dayOf(useNow(60_000))
  return (
    <>
      {columns.map((column) => {
        const here = appointments.filter(
          (one) => column.holds(one) && dayOf(Date.parse(one.since)) === column.day,
        )
        if (here.length === 0) return null
        return (
          <section key={column.key} className={styles.day}>
            <h2 className={column.day === today ? styles.today : styles.name}>{column.label}</h2>
            <ul className={styles.list}>
              {here.map((one) => (
                <Line key={one.id} one={one} onOpen={onOpen} />
              ))}
            </ul>
          </section>
        )
      })}
    </>
  )
}

function Line({ one, onOpen }: { one: AppointmentOut; onOpen: (id: string) => void }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const own = useMe().institution?.id
  const since = Date.parse(one.since)
  const other = one.provider_id === own ? one.requester_name : one.provider_name
  const time = `${clockOf(since)}–${clockOf(Date.parse(one.until))}`
  const service = serviceLabel(catalogue, one.service)
  const state = pick(one.state_words)
  return (
    <li>
      <button
        type="button"
        className={styles.line}
        data-state={one.state}
        data-id={one.id}
        aria-label={t('event', { time, service, with: other, state })}
        onClick={() => onOpen(one.id)}
      >
        <span className={styles.time}>{time}</span>
        <span className={styles.what}>
          <span>{service}</span>
          <span className={styles.with}>{other}</span>
        </span>
        <Tag color={COLOURS[one.state] ?? 'default'}>{state}</Tag>
      </button>
    </li>
  )
}
