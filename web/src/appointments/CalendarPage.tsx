/**
 * 预约日程: what the own institution has booked and the lectures that it gives, by week, by person, by room; the stretch and the
 * view stand in the address.
 */
import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Segmented, Skeleton } from 'antd'
import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { ToSignStrip } from '../conference/case/ToSign'
import { dayAfter, dayOf, isDay, midnight, mondayOf, weekday } from '../roster/days'
import { dateWords, weekdayWords } from '../roster/words'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { serverNow, useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { AppointmentOut, CalendarLecture } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { Agenda } from './Agenda'
import { AppointmentDrawer } from './AppointmentDrawer'
import { appointmentQuery, appointmentsQuery, bookableQuery } from './api'
import styles from './CalendarPage.module.css'
import { meetsIn } from './layout'
import { type Asked, StepDialog } from './StepDialog'
import { type Column, TimeGrid } from './TimeGrid'
import { type Aside, Asides, Tools } from './Tools'
import { useWords } from './words'

const VIEWS = ['week', 'people', 'rooms'] as const
type View = (typeof VIEWS)[number]

export function CalendarPage() {
  const t = useWords()
  const me = useMe()
  const at = useStretch()
  const [canceled, setCanceled] = useState(false)
  const [opened, setOpened] = useOpened()
  const [asked, setAsked] = useState<Asked | null>(null)
  const [aside, setAside] = useState<Aside | null>(null)
  const stretch = { since: iso(at.first), until: iso(dayAfter(at.last, 1)) }
  const { data, error, refetch } = useQuery(appointmentsQuery(stretch))
  const stands = (one: { state: string }) =>
    canceled || (one.state !== 'canceled' && one.state !== 'missed')
  const shown = data?.appointments.filter(stands)
  const lectures = data?.lectures.filter(stands) ?? []
  const columns = useColumns(at.view, at.first, shown ?? [], lectures).map((column) => ({
    ...column,
    gives: (one: CalendarLecture) => column.gives(one) && !meetsIn(column, shown ?? [], one),
  }))
  const books = me.permissions.includes('book-appointments')
  usePageKeys([
    { combo: 'Alt+ArrowLeft', label: t('keyBefore'), run: () => at.go(-1) },
    { combo: 'Alt+ArrowRight', label: t('keyAfter'), run: () => at.go(1) },
    { combo: 't', label: t('keyToday'), run: () => at.go(0) },
    ...(books ? [{ combo: 'n', label: t('keyBook'), run: () => setAside('booking') }] : []),
    { combo: 'Shift+← ↑ ↓ →', label: t('keyMove') },
  ])
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <div className={styles.bar}>
          <Button aria-label={t('before')} icon={<LeftOutlined />} onClick={() => at.go(-1)} />
          <strong className={styles.dates} aria-live="polite">
            {dateWords(at.first)}
            {at.first === at.last
              ? ` ${weekdayWords(weekday(at.first))}`
              : ` – ${dateWords(at.last)}`}
          </strong>
          <Button aria-label={t('after')} icon={<RightOutlined />} onClick={() => at.go(1)} />
          <Button disabled={at.isToday} onClick={() => at.go(0)}>
            {t('today')}
          </Button>
          <Segmented<View>
            aria-label={t('view')}
            value={at.view}
            options={VIEWS.map((value) => ({ value, label: t(value) }))}
            onChange={at.look}
          />
          <Checkbox checked={canceled} onChange={(event) => setCanceled(event.target.checked)}>
            {t('canceledToo')}
          </Checkbox>
        </div>
        <Tools books={books} onOpen={setAside} />
      </header>
      <ToSignStrip card />
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {shown === undefined && !error ? <Skeleton active paragraph={{ rows: 8 }} /> : null}
      {shown ? (
        <Shown
          shown={shown}
          lectures={lectures}
          columns={columns}
          byDays={at.view === 'week'}
          onOpen={setOpened}
          onMove={(one, since) => setAsked({ one, step: 'reschedule', since })}
        />
      ) : null}
      {opened !== null ? (
        <AppointmentDrawer id={opened} onClose={() => setOpened(null)} onAsk={setAsked} />
      ) : null}
      <Asides
        open={aside}
        onClose={() => setAside(null)}
        onAppointment={setOpened}
        onAsk={setAsked}
      />
      {asked ? <StepDialog asked={asked} onClose={() => setAsked(null)} /> : null}
    </main>
  )
}

interface ShownProps {
  shown: readonly AppointmentOut[]
  lectures: readonly CalendarLecture[]
  columns: readonly Column[]
  byDays: boolean
  onOpen: (id: string) => void
  onMove: (one: AppointmentOut, since: number) => void
}

function Shown({ shown, lectures, columns, ...more }: ShownProps) {
  const t = useWords()
  const narrow = useNarrow()
  if (columns.length === 0) return <Empty title={t('noColumns')} teach={t('noColumnsTeach')} />
  const nothing = shown.length === 0 && !columns.some((column) => lectures.some(column.gives))
  return (
    <>
      {nothing ? <Empty small title={t('empty')} teach={t('emptyTeach')} /> : null}
      {narrow && more.byDays ? (
        <Agenda columns={columns} appointments={shown} lectures={lectures} onOpen={more.onOpen} />
      ) : (
        <TimeGrid columns={columns} appointments={shown} lectures={lectures} {...more} />
      )}
    </>
  )
}

function iso(day: string): string {
  return new Date(midnight(day)).toISOString()
}

/** The days of the address, a week or one of them; what is no day there is today. */
function useStretch() {
  const [params, setParams] = useSearchParams()
  useNow(60_000)
  const today = dayOf(serverNow())
  const wanted = params.get('day')
  const day = isDay(wanted) ? wanted : today
  const view = VIEWS.find((each) => each === params.get('view')) ?? 'week'
  const first = view === 'week' ? mondayOf(day) : day
  const last = view === 'week' ? dayAfter(first, 6) : day
  const put = (next: string, how: View) =>
    setParams({
      ...(next === today ? {} : { day: next }),
      ...(how === 'week' ? {} : { view: how }),
    })
  return {
    first,
    last,
    view,
    isToday: first <= today && today <= last,
    go: (by: -1 | 0 | 1) =>
      put(by === 0 ? today : dayAfter(first, by * (view === 'week' ? 7 : 1)), view),
    look: (how: View) => put(day, how),
  }
}

/**
 * The appointment that is open stands in the address, so that a notice or a mail opens it; an
 * address without a day shows the day that it is on.
 */
function useOpened(): [string | null, (id: string | null) => void] {
  const [params, setParams] = useSearchParams()
  const id = params.get('open') ?? ''
  const { data } = useQuery({ ...appointmentQuery(id), enabled: id !== '' })
  const since = data && !params.has('day') ? dayOf(Date.parse(data.since)) : null
  useEffect(() => {
    if (since === null) return
    setParams(
      (before) => {
        before.set('day', since)
        return before
      },
      { replace: true },
    )
  }, [since, setParams])
  const open = (id: string | null) =>
    setParams(
      (before) => {
        if (id === null) before.delete('open')
        else before.set('open', id)
        return before
      },
      { replace: id === null },
    )
  return [id || null, open]
}

/**
 * The columns of a view: days, those of the own house who can be asked, or its rooms. A lecture is
 * in no room of the register; the appointment that is its conference may be.
 */
function useColumns(
  view: View,
  day: string,
  shown: readonly AppointmentOut[],
  lectures: readonly CalendarLecture[],
): Column[] {
  const own = useMe().institution?.id ?? ''
  const { data } = useQuery(bookableQuery(own))
  if (view === 'week')
    return [0, 1, 2, 3, 4, 5, 6].map((n) => {
      const each = dayAfter(day, n)
      const label = `${weekdayWords(n)} ${dateWords(each)}`
      return { key: each, label, day: each, holds: () => true, gives: () => true }
    })
  if (view === 'rooms')
    return (data?.resources ?? []).map((room) => ({
      key: room.id,
      label: [room.place, room.name].filter(Boolean).join(' '),
      day,
      holds: (one) => one.resources.some((used) => used.id === room.id),
      gives: () => false,
    }))
  const people = new Map((data?.people ?? []).map((each) => [each.id, each.name]))
  for (const [id, name] of [...seated(shown, own), ...lecturing(lectures)]) people.set(id, name)
  return [...people].map(([id, name]) => ({
    key: id,
    label: name,
    day,
    holds: (one) => sitting(one).some((seat) => seat.person.id === id),
    gives: (one) => one.lecturers.some((each) => each.person_id === id),
  }))
}

function sitting(one: AppointmentOut) {
  return one.seats.filter((seat) => seat.state === 'invited' || seat.state === 'accepted')
}

/** Those of an institution who sit in something, by id. */
function seated(shown: readonly AppointmentOut[], own: string): [string, string][] {
  return shown
    .flatMap((one) => sitting(one).map((seat) => seat.person))
    .filter((person) => person.institution_id === own)
    .map((person) => [person.id, person.name])
}

/** Lecturers of the own register, by id; the others have no calendar here. */
function lecturing(lectures: readonly CalendarLecture[]): [string, string][] {
  return lectures
    .flatMap((one) => one.lecturers)
    .flatMap(({ person_id, name }) => (person_id ? [[person_id, name]] : []))
}
