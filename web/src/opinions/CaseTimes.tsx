/** The booked times of a case, the way into the room, and the way to another time. */
import { CalendarOutlined, VideoCameraOutlined } from '@ant-design/icons'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { BookDialog } from '../appointments/BookDialog'
import { wishOf } from '../appointments/wished'
import { useMeeting, useService } from '../requests/api'
import { useMe } from '../session/session'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { KEYS } from '../shared/queries'
import type { AppointmentOut, RequestOut, ServiceTypeOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import { caseOpinionsQuery } from './api'
import styles from './OpinionsBlock.module.css'

const { useWords } = defineWords('caseTimes', {
  title: ['{{meeting}}时间', 'Times'],
  book: ['约时间', 'Find a time'],
  none: ['尚未约时间', 'No time is booked yet'],
  written: ['尚未约时间；不约则书面进行', 'No time is booked; without one it is in writing'],
  enter: ['进入{{meeting}}室', 'Enter the room'],
  minutes: ['{{meeting}}记录', 'Minutes'],
  toConfirm: ['查看并确认', 'Look and confirm'],
  look: ['查看预约', 'Open the appointment'],
})

const caseTimesQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.appointments, 'case', id],
    queryFn: () => body(api.GET('/api/requests/{id}/appointments', { params: { path: { id } } })),
  })

/** States in which there are minutes to read or to sign. */
const WRITTEN_DOWN = new Set(['under way', 'ended'])

const COLOURS: Record<string, string> = {
  proposed: 'processing',
  confirmed: 'success',
  'under way': 'success',
  missed: 'error',
}

/** Whether the form asks for it in writing or live: then no time is an answer as well. */
function NoTime({ service }: { service: ServiceTypeOut }) {
  const t = useWords()
  const asksHow = service.form.some((part) => part.fields.some((one) => one.key === 'mode'))
  return <p className={page.quiet}>{t(asksHow ? 'written' : 'none')}</p>
}

export function CaseTimes({ item }: { item: RequestOut }) {
  const t = useWords()
  const me = useMe()
  const meeting = useMeeting(item.service)
  const sent = item.state !== 'draft' && item.state !== 'awaiting'
  const service = useService(item.service)
  const meets = service?.meets === true
  const found = useQuery({ ...caseTimesQuery(item.id), enabled: sent && meets })
  const [booking, setBooking] = useState(false)
  if (!meets || !sent) return null
  if (found.error) return <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
  const times = found.data?.appointments ?? []
  const sides = item.relation === 'own' || item.relation === 'provider'
  const books = sides && item.state === 'open' && me.permissions.includes('book-appointments')
  if (times.length === 0 && !books) return null
  return (
    <section className={page.card} aria-label={t('title', { meeting })}>
      <div className={styles.head}>
        <h2 className={styles.heading}>{t('title', { meeting })}</h2>
        {books ? (
          <Button size="small" icon={<CalendarOutlined />} onClick={() => setBooking(true)}>
            {t('book')}
          </Button>
        ) : null}
      </div>
      {found.data && times.length === 0 ? <NoTime service={service} /> : null}
      <ul className={styles.list}>
        {times.map((one) => (
          <li key={one.id} className={styles.one}>
            <Time one={one} />
          </li>
        ))}
      </ul>
      {booking ? <Booking item={item} onClose={() => setBooking(false)} /> : null}
    </section>
  )
}

function Time({ one }: { one: AppointmentOut }) {
  const t = useWords()
  const meeting = useMeeting(one.service)
  const open = one.state === 'confirmed' || one.state === 'under way'
  return (
    <>
      <div className={styles.who}>
        <strong>
          {exactWords(one.since).slice(0, 16)}–{exactWords(one.until).slice(11, 16)}
        </strong>
        <Link
          to={`/appointments?open=${one.id}`}
          className={styles.more}
          title={t('look')}
          aria-label={`${t('look')} ${one.number}`}
        >
          {one.number}
        </Link>
        <Tag className={styles.state} color={COLOURS[one.state] ?? 'default'}>
          {pick(one.state_words)}
        </Tag>
      </div>
      <p className={styles.more}>
        {one.seats
          .filter((seat) => seat.state !== 'replaced')
          .map((seat) => `${seat.person.name}（${pick(seat.state_words)}）`)
          .join('、')}
      </p>
      <div className={styles.steps}>
        {one.allowed.includes('confirm') ? (
          <Link to={`/appointments?open=${one.id}`}>
            <Button type="primary" size="small" tabIndex={-1}>
              {t('toConfirm')}
            </Button>
          </Link>
        ) : null}
        {open ? (
          <Link to={`/conference/${one.id}`}>
            <Button type="primary" size="small" icon={<VideoCameraOutlined />} tabIndex={-1}>
              {t('enter', { meeting })}
            </Button>
          </Link>
        ) : null}
        {WRITTEN_DOWN.has(one.state) ? (
          <Link to={`/appointments/${one.id}/minutes`}>{t('minutes', { meeting })}</Link>
        ) : null}
      </div>
    </>
  )
}

/** The existing search for a time, with whoever is asked about the case as its seats. */
function Booking({ item, onClose }: { item: RequestOut; onClose: () => void }) {
  const asked = useQuery(caseOpinionsQuery(item.id))
  const service = useService(item.service)
  if (asked.isPending || service === undefined) return null
  const standing = (asked.data?.items ?? []).filter((one) =>
    ['asked', 'accepted', 'signed'].includes(one.state),
  )
  const people = standing.map((one) => one.person)
  return (
    <BookDialog
      preset={{
        service: item.service,
        provider: item.provider?.id ?? '',
        people,
        chairs: standing.filter((one) => one.role === 'chair').map((one) => one.person.id),
        request_id: item.id,
        requester_id: item.requester.id,
        urgent: item.urgency !== 'routine',
        wished: wishOf(item, service),
        due: item.due_at ? Date.parse(item.due_at) : undefined,
      }}
      onClose={onClose}
      onBooked={() => undefined}
    />
  )
}
