/** Notices as rows: what, of which case, how long ago; opening one reads it. */
import { CheckOutlined, ExclamationCircleFilled, WarningFilled } from '@ant-design/icons'
import { Button } from 'antd'
import { Link } from 'react-router'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { UrgencyTag } from '../shared/tags'
import { pick } from '../shared/words'
import { type Notice, useRead, useTakeOn } from './api'
import styles from './notices.module.css'
import { useWords } from './words'

export function NoticeList({ items, onGo }: { items: readonly Notice[]; onGo?: () => void }) {
  const t = useWords()
  const read = useRead()
  const takeOn = useTakeOn()
  if (items.length === 0) return <Empty small title={t('none')} teach={t('noneTeach')} />
  return (
    <ul className={styles.list}>
      {items.map((item) => (
        <li key={item.id} className={item.read_at === null ? styles.unread : styles.row}>
          <Link
            to={`/requests/${item.request_id}`}
            className={styles.link}
            onClick={() => {
              if (item.read_at === null) read.mutate([item.id])
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
              {item.number} · <UrgencyTag urgency={item.urgency} /> <Moment at={item.at} ago />
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

function Sign({ weight }: { weight: string }) {
  if (weight === 'critical') return <WarningFilled aria-hidden className={styles.critical} />
  if (weight === 'urgent') return <ExclamationCircleFilled aria-hidden className={styles.urgent} />
  return null
}
