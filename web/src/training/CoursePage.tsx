/** One course: what it is about, its lectures, its material, its quiz, and what one may do. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Descriptions, Skeleton, Tag, Timeline } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { scopeWords } from '../network/codes'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { CourseWhole, LectureOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import { type CourseStep, courseBecause, courseQuery, courseStep } from './api'
import { LectureDialog } from './LectureDialog'
import { Materials } from './Materials'
import { ReasonDialog, useReasonWords } from './ReasonDialog'
import { COLOURS, creditWords, lecturersOf, placesWords, timeWords } from './shown'
import styles from './training.module.css'
import { useWords } from './words'

const PLAIN: readonly CourseStep[] = ['apply', 'approve', 'publish', 'archive']

export function CoursePage() {
  const { id = '' } = useParams()
  const { data, error, refetch } = useQuery(courseQuery(id))
  return (
    <main className={page.page}>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active paragraph={{ rows: 8 }} /> : null}
      {data ? <Shown course={data} /> : null}
    </main>
  )
}

function Shown({ course }: { course: CourseWhole }) {
  const t = useWords()
  return (
    <>
      <header className={page.head}>
        <div>
          <h1 className={page.title}>{course.title}</h1>
          <span className={styles.line}>
            <Tag>{pick(course.kind_words)}</Tag>
            <Tag color={COLOURS[course.state] ?? 'default'}>{pick(course.state_words)}</Tag>
            <span>{course.number}</span>
            <span>{course.offerer_name}</span>
          </span>
        </div>
        <Steps course={course} />
      </header>
      <Reason course={course} />
      <div className={styles.two}>
        <div className={styles.stack}>
          <Lectures course={course} />
          <Materials course={course} />
          {course.questions > 0 ? <QuizCard course={course} /> : null}
        </div>
        <aside className={styles.stack}>
          <About course={course} />
          {course.moves.length > 0 ? (
            <section className={page.card}>
              <h2 className={page.subtitle}>{t('history')}</h2>
              <Timeline
                items={course.moves.map((move) => ({
                  key: move.n,
                  content: `${exactWords(move.moved_at)} ${pick(move.event_words)} ${move.moved_by}`,
                }))}
              />
            </section>
          ) : null}
        </aside>
      </div>
    </>
  )
}

function Steps({ course }: { course: CourseWhole }) {
  const t = useWords()
  const { message } = App.useApp()
  const [asked, setAsked] = useState<'return' | 'cancel' | null>(null)
  const take = useMutation({
    mutationFn: (step: CourseStep) => courseStep(course.id, step, course.version),
    onSuccess: () => void message.success(t('done')),
  })
  const may = (step: string) => course.allowed.includes(step)
  return (
    <div className={styles.bar}>
      {PLAIN.filter(may).map((step) => (
        <Button
          key={step}
          type={step === 'archive' ? 'default' : 'primary'}
          loading={take.isPending && take.variables === step}
          onClick={() => take.mutate(step)}
        >
          {t(step)}
        </Button>
      ))}
      {may('edit') ? (
        <Link to={`/training/courses/${course.id}/edit`}>
          <Button>{t('edit')}</Button>
        </Link>
      ) : null}
      {may('return') ? <Button onClick={() => setAsked('return')}>{t('return')}</Button> : null}
      {may('cancel') ? (
        <Button danger onClick={() => setAsked('cancel')}>
          {t('cancelCourse')}
        </Button>
      ) : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {asked ? (
        <ReasonDialog
          step={asked === 'return' ? 'return-course' : 'cancel-course'}
          title={asked === 'return' ? t('return') : t('cancelCourse')}
          send={(why) => courseBecause(course.id, asked, course.version, why)}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </div>
  )
}

function Reason({ course }: { course: CourseWhole }) {
  const t = useWords()
  const returned = useReasonWords('return-course')
  const canceled = useReasonWords('cancel-course')
  if (course.reason === null) return null
  if (course.state === 'returned')
    return (
      <Alert
        type="warning"
        showIcon
        title={t('returnedBecause', { why: returned(course.reason) })}
      />
    )
  if (course.state === 'canceled')
    return (
      <Alert type="error" showIcon title={t('canceledBecause', { why: canceled(course.reason) })} />
    )
  return null
}

function About({ course }: { course: CourseWhole }) {
  const t = useWords()
  const rule = t('creditRule', {
    percent: course.required_percent,
    quiz: course.questions > 0 ? t('andQuiz') : '',
  })
  const credit =
    course.credit_tenths > 0
      ? t('creditWithRule', { credit: creditWords(course), rule })
      : t('noCredit')
  return (
    <section className={page.card}>
      {course.credit ? (
        <Alert
          type="success"
          showIcon
          title={t('gotCredit', { n: course.credit.tenths / 10 })}
          action={
            <Button
              size="small"
              href={`/api/credits/${course.credit.id}/certificate.pdf`}
              target="_blank"
            >
              {t('certificate')}
            </Button>
          }
        />
      ) : null}
      <Descriptions
        column={1}
        size="small"
        items={[
          { key: 'lecturers', label: t('lecturers'), children: lecturersOf(course) || '—' },
          { key: 'for', label: t('forWhom'), children: course.target_group || '—' },
          ...(course.specialty
            ? [
                {
                  key: 'specialty',
                  label: t('specialty'),
                  children: scopeWords(course.specialty),
                },
              ]
            : []),
          { key: 'credit', label: t('credit'), children: credit },
          {
            key: 'offers',
            label: t('offeredTo'),
            children: <Offered names={course.offers.map((one) => one.name)} />,
          },
        ]}
      />
      {course.summary ? (
        <p className={`${styles.text} ${styles.summary}`}>{course.summary}</p>
      ) : null}
    </section>
  )
}

const FEW = 3

/** To whom it is offered; of many the first few, and the rest on demand. */
function Offered({ names }: { names: string[] }) {
  const t = useWords()
  if (names.length <= FEW + 1) return names.join('、') || '—'
  return (
    <details>
      <summary>
        {names.slice(0, FEW).join('、')} {t('offeredN', { n: names.length })}
      </summary>
      {names.slice(FEW).join('、')}
    </details>
  )
}

function Lectures({ course }: { course: CourseWhole }) {
  const t = useWords()
  const [planning, setPlanning] = useState(false)
  return (
    <section className={page.card}>
      <header className={page.head}>
        <h2 className={page.subtitle}>{t('lectures')}</h2>
        {course.allowed.includes('plan') ? (
          <Button onClick={() => setPlanning(true)}>{t('plan')}</Button>
        ) : null}
      </header>
      <ul className={styles.rows}>
        {course.lectures.map((one) => (
          <Row key={one.id} lecture={one} />
        ))}
      </ul>
      {planning ? <LectureDialog course={course} onClose={() => setPlanning(false)} /> : null}
    </section>
  )
}

function Row({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const { mine } = lecture
  return (
    <li className={styles.row}>
      <span>
        <Link className={styles.name} to={`/training/lectures/${lecture.id}`}>
          {lecture.title ? `${lecture.title} ` : ''}
          {timeWords(lecture)}
        </Link>
        <span className={styles.line}>
          <Tag color={COLOURS[lecture.state] ?? 'default'}>{pick(lecture.state_words)}</Tag>
          <span>{t('minutes', { n: lecture.minutes })}</span>
          <span>{placesWords(lecture)}</span>
          {lecture.waiting > 0 ? <span>{t('waitingN', { n: lecture.waiting })}</span> : null}
          {lecture.place ? <span>{lecture.place}</span> : null}
        </span>
      </span>
      <span className={styles.bar}>
        {mine ? <Tag color={COLOURS[mine.state] ?? 'default'}>{pick(mine.state_words)}</Tag> : null}
        <Link to={`/training/lectures/${lecture.id}`}>
          <Button type={lecture.allowed.includes('enrol') ? 'primary' : 'default'}>
            {doWord(t, lecture)}
          </Button>
        </Link>
      </span>
    </li>
  )
}

function doWord(t: ReturnType<typeof useWords>, lecture: LectureOut): string {
  if (lecture.allowed.includes('code')) return t('code')
  if (lecture.allowed.includes('check-in')) return t('checkIn')
  if (lecture.allowed.includes('enrol')) return t('enrol')
  if (lecture.allowed.includes('wait')) return t('wait')
  return t('open')
}

function QuizCard({ course }: { course: CourseWhole }) {
  const t = useWords()
  const knows = course.allowed.includes('key')
  const opens = knows || course.allowed.includes('quiz')
  return (
    <section className={page.card}>
      <header className={page.head}>
        <div>
          <h2 className={page.subtitle}>{t('quiz')}</h2>
          <span className={styles.line}>
            <span>
              {t('quizLine', {
                n: course.questions,
                mark: course.pass_mark,
                most: course.most_sittings,
              })}
            </span>
            {course.best_score === null ? null : <span>{t('best', { n: course.best_score })}</span>}
            {course.passed ? <Tag color="success">{t('passed')}</Tag> : null}
            {course.quiz_sat === null ? null : (
              <span>{t('result', { sat: course.quiz_sat, passed: course.quiz_passed ?? 0 })}</span>
            )}
          </span>
        </div>
        {opens ? (
          <Link to={`/training/courses/${course.id}/quiz`}>
            <Button type={course.passed ? 'default' : 'primary'}>
              {course.passed || knows ? t('seeQuiz') : t('takeQuiz')}
            </Button>
          </Link>
        ) : (
          <span className={page.quiet}>
            {t(course.kind === 'on-demand' ? 'quizOnceEnrolled' : 'quizOnceHere')}
          </span>
        )}
      </header>
    </section>
  )
}
