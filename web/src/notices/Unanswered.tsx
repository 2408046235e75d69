/** The coordinator's list of what nobody answers for: exhausted ladders first, counting up. */
import { useQuery } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import { Link } from 'react-router'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { UrgencyTag } from '../shared/tags'
import { language, pick } from '../shared/words'
import { type Escalation, escalationsQuery, pathOf, useTakeOn } from './api'
import { beginning } from './beginning'
import styles from './notices.module.css'
import { STATES, useWords } from './words'

export function Unanswered() {
  const t = useWords()
  const { data } = useQuery(escalationsQuery)
  const takeOn = useTakeOn()
  if (data === undefined) return null
  if (data.items.length === 0) return <Empty small title="" teach={t('unansweredNone')} />
  return (
    <ul className={styles.list}>
      {data.items.map((item) => (
        <li key={item.id} className={styles.row}>
          <Link to={pathOf(item)} className={styles.link}>
            <span className={styles.what}>
              {pick(item.label)}
              {item.finding === null ? null : ` · ${pick(item.finding)}`}
              {item.waits_for === '' ? null : ` · ${item.waits_for}`}
            </span>
            <span className={styles.more}>
              {item.title || item.number}
              {item.begins === null ? null : ` · ${beginning(item.begins)}`} ·{' '}
              {item.title === '' ? <UrgencyTag urgency={item.urgency} /> : null} {t('since')}{' '}
              <Moment at={item.anchor_at} ago />
            </span>
            <Sent item={item} />
          </Link>
          {item.exhausted_at === null ? (
            <Tag>{t('climbing', { told: item.told, rungs: item.rungs })}</Tag>
          ) : (
            <Tag color="error">{t('exhausted')}</Tag>
          )}
          {item.may_take_on ? (
            <Button size="small" onClick={() => takeOn.mutate(item.id)}>
              {t('takeOn')}
            </Button>
          ) : null}
        </li>
      ))}
    </ul>
  )
}

const CHANNELS = new Set(['push', 'email', 'sms', 'wecom'] as const)
type Channel = typeof CHANNELS extends Set<infer C> ? C : never

function Sent({ item }: { item: Escalation }) {
  const t = useWords()
  if (item.sent.length === 0) return null
  const which = language() === 'en' ? 1 : 0
  return (
    <span className={styles.sent}>
      {item.sent
        .map((each) =>
          t('sentBy', {
            channel: t(each.channel as Channel),
            state: STATES[each.state]?.[which] ?? each.state,
            n: each.count,
          }),
        )
        .join(' · ')}
    </span>
  )
}
