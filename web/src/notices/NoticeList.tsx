/** Notices as rows: what, of which case or appointment, how long ago; opening one reads it. */
import { CheckOutlined, ExclamationCircleFilled, WarningFilled } from '@ant-design/icons'
import { Button } from 'antd'
import { Link } from 'react-router'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { UrgencyTag } from '../shared/tags'
import { pick } from '../shared/words'
import { type Notice, pathOf, useRead, useTakeOn } from './api'
import { beginning } from './beginning'
import styles from './notices.module.css'
import { useWords } from './words'

interface Props {
  items: readonly Notice[]
  /** Rows at most. */
  most?: number
  onGo?: () => void
}

export function NoticeList({ items, most, onGo }: Props) {
  const t = useWords()
  const read = useRead()
  const takeOn = useTakeOn()
  const rows = gathered(items).slice(0, most)
  if (rows.length === 0) return <Empty small title={t('none')} teach={t('noneTeach')} />
  return (
    <ul className={styles.list}>
      {rows.map(({ item, unread }) => (
        <li key={item.id} className={unread.length > 0 ? styles.unread : styles.row}>
          <Link
            to={pathOf(item)}
            className={styles.link}
            onClick={() => {
              if (unread.length > 0) read.mutate(unread)
              onGo?.()
            }}
          >
            <span className={styles.what}>
              <Sign weight={item.weight} /> {pick(item.label)}
              {item.rung > 0 ? (
                <span className={styles.more}> · {t('again', { n: item.rung + 1 })}</span>
              ) : null}
            </span>
            <span className={styles.more}>
              {item.title || item.number}
              {item.begins === null ? null : ` · ${beginning(item.begins)}`} ·{' '}
              {item.title === '' ? <UrgencyTag urgency={item.urgency} /> : null}{' '}
              <Moment at={item.at} ago />
            </span>
          </Link>
          {item.over ? (
            <span className={styles.more}>
              <CheckOutlined aria-hidden /> {t('over')}
            </span>
          ) : null}
          {item.may_take_on && item.escalation_id !== null ? (
            <Button
              size="small"
              onClick={() => takeOn.mutate(item.escalation_id ?? '')}
              loading={takeOn.isPending && takeOn.variables === item.escalation_id}
            >
              {t('takeOn')}
            </Button>
          ) : null}
        </li>
      ))}
    </ul>
  )
}

/** One row for each ladder: the newest rung, and what of it is unread. */
function gathered(items: readonly Notice[]): { item: Notice; unread: string[] }[] {
  const rows = new Map<string, { item: Notice; unread: string[] }>()
  for (const item of items) {
    const key = item.escalation_id ?? item.id
    const row = rows.get(key) ?? { item, unread: [] }
    if (item.read_at === null) row.unread.push(item.id)
    rows.set(key, row)
  }
  return [...rows.values()]
}

function Sign({ weight }: { weight: string }) {
  if (weight === 'critical') return <WarningFilled aria-hidden className={styles.critical} />
  if (weight === 'urgent') return <ExclamationCircleFilled aria-hidden className={styles.urgent} />
  return null
}
