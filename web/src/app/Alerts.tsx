/** The bell: what waits for the requesting side, counted, most pressing first. */
import { BellOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Badge, Button, Popover } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { todoQuery } from '../requests/api'
import { useBadge } from '../shared/badge'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import type { RequestRow, TodoOut } from '../shared/schema'
import { CriticalTag, StatusTag } from '../shared/tags'
import styles from './Alerts.module.css'
import { useWords } from './words'

export function Alerts() {
  const t = useWords()
  const { data } = useQuery(todoQuery)
  const [open, setOpen] = useState(false)
  const rows = waiting(data)
  const count = Math.max(rows.length, countOf(data))
  useBadge('todo', count, data?.counts.critical ?? 0, t('product'))
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      title={t('alertsTitle')}
      content={<AlertList rows={rows} onGo={() => setOpen(false)} />}
    >
      <Button type="text" aria-label={t('alerts', { n: count })}>
        <Badge count={count} size="small" overflowCount={99}>
          <BellOutlined className={styles.bell} />
        </Badge>
      </Button>
    </Popover>
  )
}

/** Critical first, then returned and declined, then reports to read; drafts wait for nobody. */
export function waiting(todo: TodoOut | undefined): RequestRow[] {
  if (todo === undefined) return []
  const rows = [...todo.critical, ...todo.returned, ...todo.declined, ...todo.to_read]
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}

/** How many wait in all; the rows at hand are only the most pressing of each group. */
function countOf(todo: TodoOut | undefined): number {
  const counts = todo?.counts ?? {}
  return Math.max(
    counts.critical ?? 0,
    (counts.returned ?? 0) + (counts.declined ?? 0) + (counts.to_read ?? 0),
  )
}

function AlertList({ rows, onGo }: { rows: RequestRow[]; onGo: () => void }) {
  const t = useWords()
  if (rows.length === 0) return <Empty small title="" teach={t('alertsNone')} />
  return (
    <ul className={styles.list}>
      {rows.map((row) => (
        <li key={row.id}>
          <Link to={`/requests/${row.id}`} onClick={onGo} className={styles.row}>
            <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />
            {row.critical_open ? <CriticalTag open /> : <StatusTag row={row} />}
            <span className={styles.more}>
              {row.number} · <Moment at={row.updated_at} ago />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
