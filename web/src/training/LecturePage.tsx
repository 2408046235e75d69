/** One lecture: enrolling, checking in by the code, the way in; for who gives it the code board. */
import { CheckCircleFilled } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Descriptions, Input, Popconfirm, Skeleton, Tag } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useParams } from 'react-router'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import { useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { LectureOut, LectureWhole } from '../shared/schema'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import {
  cancelLecture,
  checkIn,
  checkOut,
  enrol,
  here,
  type LectureStep,
  lectureQuery,
  lectureStep,
  withdraw,
} from './api'
import { CodeBoard } from './CodeBoard'
import { Feedback, FeedbackRead } from './Feedback'
import { LectureDialog } from './LectureDialog'
import { People } from './People'
import { ReasonDialog, useReasonWords } from './ReasonDialog'
import { COLOURS, lecturersOf, placesWords, timeWords, windowWords } from './shown'
import styles from './training.module.css'
import { useWords } from './words'

const BEAT = 60_000

export function LecturePage() {
  const { id = '' } = useParams()
  const { data, error, refetch } = useQuery(lectureQuery(id))
  return (
    <main className={page.page}>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active paragraph={{ rows: 8 }} /> : null}
      {data ? <Shown key={id} one={data} /> : null}
    </main>
  )
}

function Shown({ one }: { one: LectureWhole }) {
  const { lecture, course } = one
  const canceled = useReasonWords('cancel-lecture')
  const t = useWords()
  const may = (step: string) => lecture.allowed.includes(step)
  return (
    <>
      <header className={page.head}>
        <div>
          <h1 className={page.title}>
            <Link to={`/training/courses/${course.id}`}>{course.title}</Link>
            {lecture.title ? ` · ${lecture.title}` : ''}
          </h1>
          <span className={styles.line}>
            <Tag color={COLOURS[lecture.state] ?? 'default'}>{pick(lecture.state_words)}</Tag>
            <span className={styles.strong}>{timeWords(lecture)}</span>
            <span>{course.offerer_name}</span>
          </span>
        </div>
        <StaffSteps one={one} />
      </header>
      {lecture.state === 'canceled' && lecture.reason ? (
        <Alert
          type="error"
          showIcon
          title={t('canceledBecause', { why: canceled(lecture.reason) })}
        />
      ) : null}
      {may('check-in') ? <CheckIn lecture={lecture} /> : null}
      {may('code') ? <CodeBoard lecture={lecture} /> : null}
      <Mine lecture={lecture} />
      <About one={one} />
      {may('feedback') ? <Feedback lecture={lecture} /> : null}
      {may('people') ? <People lecture={lecture} /> : null}
      {may('feedback-read') ? <FeedbackRead id={lecture.id} /> : null}
    </>
  )
}

const STEPS: readonly LectureStep[] = ['open', 'close', 'begin']
const WORDS = { open: 'openEnrolment', close: 'closeEnrolment', begin: 'begin' } as const

function StaffSteps({ one }: { one: LectureWhole }) {
  const t = useWords()
  const { message } = App.useApp()
  const { lecture, course } = one
  const [editing, setEditing] = useState(false)
  const [canceling, setCanceling] = useState(false)
  const take = useMutation({
    mutationFn: (step: LectureStep) => lectureStep(lecture.id, step, lecture.version),
    onSuccess: () => void message.success(t('done')),
  })
  const may = (step: string) => lecture.allowed.includes(step)
  const now = useNow(30_000)
  const due = Date.parse(lecture.begins_from)
  const shown = STEPS.filter((step) => may(step) && (step !== 'begin' || now >= due))
  return (
    <div className={styles.bar}>
      {shown.map((step) => (
        <Button
          key={step}
          type={step === 'begin' ? 'primary' : 'default'}
          loading={take.isPending && take.variables === step}
          onClick={() => take.mutate(step)}
        >
          {t(WORDS[step as keyof typeof WORDS])}
        </Button>
      ))}
      {may('begin') && now < due ? (
        <span className={page.quiet}>
          {t('beginFrom', { at: `${dateWords(dayOf(due))} ${clockOf(due)}` })}
        </span>
      ) : null}
      {may('finish') ? (
        <Popconfirm
          title={t('finish')}
          description={t('finishSure')}
          okText={t('finish')}
          cancelText={t('close')}
          onConfirm={() => take.mutate('finish')}
        >
          <Button type="primary" loading={take.isPending}>
            {t('finish')}
          </Button>
        </Popconfirm>
      ) : null}
      {may('edit') ? <Button onClick={() => setEditing(true)}>{t('edit')}</Button> : null}
      {may('cancel') ? (
        <Button danger onClick={() => setCanceling(true)}>
          {t('cancelLecture')}
        </Button>
      ) : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {editing ? (
        <LectureDialog course={course} lecture={lecture} onClose={() => setEditing(false)} />
      ) : null}
      {canceling ? (
        <ReasonDialog
          step="cancel-lecture"
          title={t('cancelLecture')}
          send={(why) => cancelLecture(lecture.id, lecture.version, why)}
          onClose={() => setCanceling(false)}
        />
      ) : null}
    </div>
  )
}

/** Six digits, large: typed from the screen, or brought along by the QR code. */
function CheckIn({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const brought = location.hash.slice(1)
  const [code, setCode] = useState(/^\d{6}$/.test(brought) ? brought : '')
  const send = useMutation({
    mutationFn: (given: string) => checkIn(lecture.id, given),
    onSettled: () => {
      setCode('')
      // A code that was tried is of no use in the address any more.
      history.replaceState(history.state, '', location.pathname)
    },
  })
  const { mutate } = send
  const typed = (next: string) => {
    setCode(next)
    if (next.length === 6) mutate(next)
  }
  useEffect(() => {
    if (/^\d{6}$/.test(brought)) mutate(brought)
  }, [brought, mutate])
  return (
    <section className={`${page.card} ${styles.enter}`}>
      <p className={styles.prompt} id="code-prompt">
        {t('enterCode')}
      </p>
      <Input.OTP
        length={6}
        autoFocus
        inputMode="numeric"
        value={code}
        disabled={send.isPending}
        aria-labelledby="code-prompt"
        formatter={(text) => text.replace(/\D/g, '')}
        onChange={typed}
      />
      {send.error ? <ProblemNotice error={send.error} /> : null}
    </section>
  )
}

function Mine({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const { mine } = lecture
  const may = (step: string) => lecture.allowed.includes(step)
  if (mine === null && !may('enrol') && !may('wait') && !goesIn(lecture)) return null
  const early = mine?.state === 'enrolled' && lecture.checks_in && !may('check-in')
  return (
    <section className={`${page.card} ${styles.enter}`}>
      <MyState lecture={lecture} />
      <MyButtons lecture={lecture} />
      {early && mine.by_code ? (
        <p className={page.quiet}>{windowWords(lecture.check_in_opens, lecture.check_in_closes)}</p>
      ) : null}
      {early && !mine.by_code ? <p className={page.quiet}>{t('byHandOnly')}</p> : null}
    </section>
  )
}

/** States of whoever came, or took part on demand. */
const CAME: readonly string[] = ['checked in', 'attended', 'studied']

function MyState({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const { mine } = lecture
  const spent = useBeat(lecture)
  if (mine === null) return null
  if (!CAME.includes(mine.state))
    return (
      <p className={styles.prompt}>
        <Tag color={COLOURS[mine.state] ?? 'default'}>{pick(mine.state_words)}</Tag>
        {mine.before === null ? null : t('before', { n: mine.before })}
      </p>
    )
  return (
    <>
      <CheckCircleFilled className={styles.okay} />
      <p className={styles.prompt}>
        {mine.state === 'checked in' ? t('checkedIn') : pick(mine.state_words)}
      </p>
      <p className={page.quiet}>
        {mine.checked_in_at ? `${exactWords(mine.checked_in_at)} · ` : ''}
        {t('spent', { n: Math.floor(spent / 60) })}
      </p>
      {lecture.allowed.includes('here') ? <p className={page.quiet}>{t('keepOpen')}</p> : null}
    </>
  )
}

/** Whether there is a way in to be shown: what is over has none. */
function goesIn(lecture: LectureOut): boolean {
  const over = lecture.state === 'finished' || lecture.state === 'canceled'
  return !over && Boolean(lecture.join_address || lecture.appointment_id)
}

const TAKES = { enrol, wait: enrol, withdraw, 'check-out': checkOut } as const
const SAYS = {
  enrol: 'enrol',
  wait: 'wait',
  withdraw: 'withdraw',
  'check-out': 'checkOut',
} as const
type MyStep = keyof typeof TAKES
const MINE: readonly MyStep[] = ['enrol', 'wait', 'check-out', 'withdraw']

function MyButtons({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const take = useMutation({ mutationFn: (step: MyStep) => TAKES[step](lecture.id) })
  return (
    <>
      <div className={styles.bar}>
        {goesIn(lecture) && lecture.join_address ? <Join address={lecture.join_address} /> : null}
        {goesIn(lecture) && lecture.appointment_id ? (
          <Link to={`/conference/${lecture.appointment_id}`}>
            <Button type="primary" size="large">
              {t('join')}
            </Button>
          </Link>
        ) : null}
        {MINE.filter((step) => lecture.allowed.includes(step)).map((step) => (
          <Button
            key={step}
            size="large"
            type={step === 'enrol' || step === 'wait' ? 'primary' : 'default'}
            loading={take.isPending && take.variables === step}
            onClick={() => take.mutate(step)}
          >
            {t(SAYS[step])}
          </Button>
        ))}
      </div>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </>
  )
}

function Join({ address }: { address: string }) {
  const t = useWords()
  if (!address.startsWith('http'))
    return (
      <span>
        {t('joinAddress')} <code>{address}</code>
      </span>
    )
  return (
    <Button type="primary" size="large" href={address} target="_blank" rel="noreferrer noopener">
      {t('join')}
    </Button>
  )
}

/** Says every minute that this page is open, while that counts; the seconds that count so far. */
function useBeat(lecture: LectureOut): number {
  const counts = lecture.allowed.includes('here')
  const told = lecture.mine?.seconds ?? 0
  const [seconds, setSeconds] = useState(told)
  useEffect(() => {
    setSeconds(told)
    if (!counts) return
    const beat = () => {
      // Lost once is said again a minute later; the server knows what that costs.
      void here(lecture.id).then(
        (answer) => setSeconds(answer.seconds),
        () => undefined,
      )
    }
    beat()
    const timer = setInterval(beat, BEAT)
    return () => clearInterval(timer)
  }, [lecture.id, counts, told])
  return seconds
}

function About({ one }: { one: LectureWhole }) {
  const t = useWords()
  const { lecture, course } = one
  return (
    <section className={page.card}>
      <Descriptions
        column={{ xs: 1, sm: 1, md: 2 }}
        size="small"
        items={[
          { key: 'lecturers', label: t('lecturers'), children: lecturersOf(course) || '—' },
          { key: 'for', label: t('forWhom'), children: course.target_group || '—' },
          { key: 'when', label: t('when'), children: timeWords(lecture) },
          {
            key: 'length',
            label: t('lasts'),
            children: t('minutes', { n: lecture.minutes }),
          },
          { key: 'places', label: t('enrolled'), children: placesWords(lecture) },
          ...(lecture.place ? [{ key: 'place', label: t('place'), children: lecture.place }] : []),
        ]}
      />
    </section>
  )
}
