/** The wait list: what one waits for, and the time that is kept meanwhile: take it or let it go. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Drawer, Skeleton, Tag } from 'antd'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AppointmentWhole, WaitingOut } from '../shared/schema'
import { pick } from '../shared/words'
import { appointmentQuery, propose } from './api'
import type { Asked } from './StepDialog'
import styles from './WaitList.module.css'
import { waitingQuery, withdraw } from './waiting'
import { useWords } from './waitingWords'

interface Props {
  onClose: () => void
  onOpen: (id: string) => void
  onAsk: (asked: Asked) => void
}

/** How many that are over are still shown. */
const MOST_OVER = 10

export function WaitList({ onClose, ...more }: Props) {
  const t = useWords()
  const { data, error, refetch } = useQuery(waitingQuery)
  const going = data?.waiting.filter(goesOn) ?? []
  const over =
    data?.waiting
      .filter((each) => !goesOn(each))
      .slice(-MOST_OVER)
      .reverse() ?? []
  return (
    <Drawer open size={520} title={t('title')} onClose={onClose}>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active /> : null}
      {data && going.length === 0 ? <Empty small title={t('none')} teach={t('noneTeach')} /> : null}
      <ul className={styles.list}>
        {going.map((entry) => (
          <Entry key={entry.id} entry={entry} {...more} />
        ))}
      </ul>
      {over.length > 0 ? (
        <>
          <h3 className={styles.part}>{t('over')}</h3>
          <ul className={styles.list}>
            {over.map((entry) => (
              <Entry key={entry.id} entry={entry} {...more} />
            ))}
          </ul>
        </>
      ) : null}
    </Drawer>
  )
}

const COLOURS: Record<string, string> = { waiting: 'processing', offered: 'success' }

function Entry({ entry, ...more }: { entry: WaitingOut } & Omit<Props, 'onClose'>) {
  const t = useWords()
  const me = useMe()
  const catalogue = useCatalogue()
  const { message } = App.useApp()
  const own = me.institution?.id
  const mine = entry.requester_id === own
  const from = dateWords(dayOf(Date.parse(entry.since)))
  // A wish ends with the midnight after its last day.
  const to = dateWords(dayOf(Date.parse(entry.until) - 1))
  const leave = useMutation({
    mutationFn: withdraw,
    onSuccess: () => void message.success(t('withdrawn')),
  })
  const may = me.permissions.includes(mine ? 'book-appointments' : 'confirm-appointments')
  return (
    <li className={styles.entry}>
      <p className={styles.head}>
        <strong>{serviceLabel(catalogue, entry.service)}</strong>
        <span>{mine ? entry.provider_name : t('asks', { name: entry.requester_name })}</span>
        <Tag color={COLOURS[entry.state] ?? 'default'}>{pick(entry.state_words)}</Tag>
        {entry.urgent ? <Tag color="error">{t('urgent')}</Tag> : null}
      </p>
      <p className={styles.quiet}>
        {from === to
          ? t('within', { minutes: entry.minutes, day: from })
          : t('between', { minutes: entry.minutes, from, to })}
      </p>
      {entry.state === 'offered' && entry.appointment_id ? (
        <Offer id={entry.appointment_id} {...more} />
      ) : null}
      {entry.state === 'waiting' && may ? (
        <Button size="small" loading={leave.isPending} onClick={() => leave.mutate(entry.id)}>
          {t('withdraw')}
        </Button>
      ) : null}
      {leave.error ? <ProblemNotice error={leave.error} /> : null}
    </li>
  )
}

function Offer({ id, onOpen, onAsk }: { id: string } & Omit<Props, 'onClose'>) {
  const t = useWords()
  const { data } = useQuery(appointmentQuery(id))
  const { message } = App.useApp()
  const take = useMutation({
    mutationFn: (one: AppointmentWhole) => propose(one.id, one.version),
    onSuccess: () => void message.success(t('taken')),
  })
  if (data === undefined) return <Skeleton active paragraph={{ rows: 1 }} title={false} />
  const books = data.allowed.includes('propose')
  return (
    <>
      <p>
        {t('offered', { time: moment(data.since) })}{' '}
        {data.hold_until ? (
          <span className={styles.quiet}>{t('keptUntil', { time: moment(data.hold_until) })}</span>
        ) : null}
      </p>
      <div className={styles.deeds}>
        {books ? (
          <>
            <Button
              size="small"
              type="primary"
              loading={take.isPending}
              onClick={() => take.mutate(data)}
            >
              {t('take')}
            </Button>
            <Button size="small" onClick={() => onAsk({ one: data, step: 'cancel' })}>
              {t('letGo')}
            </Button>
          </>
        ) : null}
        <Button size="small" type="link" onClick={() => onOpen(id)}>
          {t('details')}
        </Button>
      </div>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </>
  )
}

export function goesOn(entry: WaitingOut): boolean {
  return entry.state === 'waiting' || entry.state === 'offered'
}

function moment(at: string): string {
  const when = Date.parse(at)
  return `${dateWords(dayOf(when))} ${clockOf(when)}`
}
