/** One appointment: who sits in it, where, what happened, and the steps that one may take. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Descriptions, Drawer, Skeleton, Tag, Timeline } from 'antd'
import { useRef, useState } from 'react'
import { Link } from 'react-router'
import { AppointmentConference } from '../conference/AppointmentConference'
import { MinutesLink } from '../conference/case/MinutesLink'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import { useMe } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AppointmentWhole, SeatOut } from '../shared/schema'
import { pick } from '../shared/words'
import { Accompanying } from './Accompanying'
import styles from './AppointmentDrawer.module.css'
import { accept, appointmentQuery, begin, confirm, end, propose } from './api'
import { COLOURS } from './colours'
import type { Asked, ReasonedStep } from './StepDialog'
import { SwapDialog } from './SwapDialog'
import { useWords as useSeatWords } from './seatWords'
import { roleWords, useWords } from './words'

interface Props {
  id: string
  onClose: () => void
  onAsk: (asked: Asked) => void
}

export function AppointmentDrawer({ id, onClose, onAsk }: Props) {
  const t = useWords()
  const { data, error, refetch } = useQuery(appointmentQuery(id))
  return (
    <Drawer open size={520} title={data?.number ?? t('title')} onClose={onClose}>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data ? <Whole one={data} onAsk={onAsk} /> : error ? null : <Skeleton active />}
    </Drawer>
  )
}

function Whole({ one, onAsk }: { one: AppointmentWhole; onAsk: Props['onAsk'] }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const names = new Map(one.seats.map((seat) => [seat.person.id, seat.person.name]))
  const since = Date.parse(one.since)
  const seats = useSeatWords()
  const [swapping, setSwapping] = useState<SeatOut | null>(null)
  const swaps = one.allowed.includes('swap')
  return (
    <>
      {swapping ? <SwapDialog one={one} seat={swapping} onClose={() => setSwapping(null)} /> : null}
      <p className={styles.state}>
        <Tag color={COLOURS[one.state] ?? 'default'}>{pick(one.state_words)}</Tag>
        {serviceLabel(catalogue, one.service)}
      </p>
      <Steps one={one} onAsk={onAsk} />
      <Descriptions
        column={1}
        size="small"
        items={[
          {
            key: 'when',
            label: t('when'),
            children: `${dateWords(dayOf(since))} ${clockOf(since)}–${clockOf(Date.parse(one.until))}`,
          },
          { key: 'asks', label: t('asks'), children: one.requester_name },
          { key: 'answers', label: t('answers'), children: one.provider_name },
          ...(one.resources.length > 0
            ? [
                {
                  key: 'places',
                  label: t('places'),
                  children: one.resources.map((used) => `${used.place} ${used.name}`).join('、'),
                },
              ]
            : []),
        ]}
      />
      <h3 className={styles.part}>{t('seats')}</h3>
      <ul className={styles.seats}>
        {one.seats.map((seat) => (
          <li key={seat.n} className={seat.state === 'replaced' ? styles.gone : ''}>
            <span>
              {seat.person.name}（{pick(seat.person.title)}） {roleWords(seat.role)}
              {seat.instead_of
                ? ` ${t('standsIn', { person: names.get(seat.instead_of) ?? seat.instead_of })}`
                : ''}
            </span>
            <span className={styles.seat}>
              <Tag>{pick(seat.state_words)}</Tag>
              {swaps && seat.state !== 'replaced' ? (
                <Button
                  size="small"
                  aria-label={seats('swapWho', { person: seat.person.name })}
                  onClick={() => setSwapping(seat)}
                >
                  {seats('swap')}
                </Button>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      <Accompanying id={one.id} />
      {one.request_id ? <Link to={`/requests/${one.request_id}`}>{t('openCase')}</Link> : null}
      <div className={styles.room}>
        <AppointmentConference one={one} />
      </div>
      <MinutesLink id={one.id} state={one.state} />
      <h3 className={styles.part}>{t('history')}</h3>
      <Timeline items={one.moves.map((move) => ({ key: move.n, content: moveWords(move) }))} />
    </>
  )
}

function moveWords(move: AppointmentWhole['moves'][number]): string {
  const at = Date.parse(move.moved_at)
  const since = Date.parse(move.since)
  const when = `${dateWords(dayOf(at))} ${clockOf(at)}`
  return `${when} ${pick(move.event_words)} → ${dateWords(dayOf(since))} ${clockOf(since)}`
}

const PLAIN = ['propose', 'confirm', 'begin', 'end'] as const
const REASONED: readonly ReasonedStep[] = ['reschedule', 'miss', 'cancel']

function Steps({ one, onAsk }: { one: AppointmentWhole; onAsk: Props['onAsk'] }) {
  const t = useWords()
  const me = useMe()
  const { message } = App.useApp()
  const steps = useRef<HTMLDivElement>(null)
  const take = useMutation({
    mutationFn: (step: (typeof PLAIN)[number] | 'accept') =>
      step === 'accept' ? accept(one.id) : TAKES[step](one.id, one.version),
    onSuccess: () => {
      void message.success(t('done'))
      // The button that was pressed is gone; the keys stay in the drawer.
      steps.current?.focus()
    },
  })
  const mine = one.seats.find(
    (seat) =>
      seat.person.id === me.person_id && (seat.state === 'invited' || seat.state === 'accepted'),
  )
  const begins = one.later.find((each) => each.step === 'begin')
  const opens = begins ? Date.parse(begins.at) : undefined
  const answers = one.allowed.includes('answer') && mine !== undefined
  return (
    <div className={styles.steps} ref={steps} tabIndex={-1}>
      {PLAIN.filter((step) => one.allowed.includes(step)).map((step) => (
        <Button
          key={step}
          type="primary"
          loading={take.isPending && take.variables === step}
          onClick={() => take.mutate(step)}
        >
          {t(step)}
        </Button>
      ))}
      {answers && mine?.state === 'invited' ? (
        <Button type="primary" ghost onClick={() => take.mutate('accept')}>
          {t('accept')}
        </Button>
      ) : null}
      {answers ? (
        <Button onClick={() => onAsk({ one, step: 'decline' })}>{t('decline')}</Button>
      ) : null}
      {REASONED.filter((step) => one.allowed.includes(step)).map((step) => (
        <Button key={step} danger={step === 'cancel'} onClick={() => onAsk({ one, step })}>
          {t(step)}
        </Button>
      ))}
      {opens ? (
        <span className={styles.later}>
          {t('laterBegin', { time: `${dateWords(dayOf(opens))} ${clockOf(opens)}` })}
        </span>
      ) : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </div>
  )
}

const TAKES = { propose, confirm, begin, end }
