/** 教育培训: what is offered, what one takes part in, what the own institution gives and reviews. */
import { PlusOutlined, SafetyCertificateOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Pagination, Skeleton, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { CourseOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { coursesQuery, creditsQuery, PAGE, VIEWS, type View } from './api'
import { COLOURS, creditWords, lecturersOf, nextLecture, placesWords, timeWords } from './shown'
import styles from './training.module.css'
import { useWords } from './words'

const EMPTY = {
  upcoming: ['emptyUpcoming', 'teachUpcoming'],
  'on-demand': ['emptyOnDemand', 'teachOnDemand'],
  mine: ['emptyMine', 'teachMine'],
  given: ['emptyGiven', 'teachGiven'],
  review: ['emptyReview', 'teachReview'],
} as const

export function TrainingPage() {
  const t = useWords()
  const me = useMe()
  const [params, setParams] = useSearchParams()
  const gives = me.permissions.includes('give-training')
  const reviews = me.permissions.includes('review-training')
  const tabs = [
    ...VIEWS.filter((one) => (one !== 'given' || gives) && (one !== 'review' || reviews)),
    'credits' as const,
  ]
  const view = tabs.find((one) => one === params.get('view')) ?? 'upcoming'
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        {gives ? (
          <Link to="/training/courses/new">
            <Button type="primary" icon={<PlusOutlined />}>
              {t('newCourse')}
            </Button>
          </Link>
        ) : null}
      </header>
      <section className={page.card}>
        <Tabs
          activeKey={view}
          onChange={(next) => setParams(next === 'upcoming' ? {} : { view: next })}
          items={tabs.map((one) => ({ key: one, label: t(one) }))}
        />
        {view === 'credits' ? <Credits /> : <Courses key={view} view={view} />}
      </section>
    </main>
  )
}

function Courses({ view }: { view: View }) {
  const t = useWords()
  const [words, setWords] = useState('')
  const [offset, setOffset] = useState(0)
  const asked = useSettled(words.trim(), 250)
  const { data, error, refetch } = useQuery(coursesQuery(view, asked, offset))
  const [empty, teach] = EMPTY[view]
  return (
    <div className={styles.stack}>
      <Input.Search
        className={styles.search}
        aria-label={t('search')}
        placeholder={t('search')}
        allowClear
        maxLength={60}
        onChange={(event) => {
          setWords(event.target.value)
          setOffset(0)
        }}
      />
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active paragraph={{ rows: 6 }} /> : null}
      {data?.items.length === 0 ? <Empty title={t(empty)} teach={t(teach)} /> : null}
      <ul className={styles.list}>
        {data?.items.map((one) => (
          <li key={one.id}>
            <CourseCard course={one} />
          </li>
        ))}
      </ul>
      {data && data.total > PAGE ? (
        <Pagination
          total={data.total}
          pageSize={PAGE}
          showSizeChanger={false}
          current={offset / PAGE + 1}
          onChange={(next) => setOffset((next - 1) * PAGE)}
        />
      ) : null}
    </div>
  )
}

function CourseCard({ course }: { course: CourseOut }) {
  const t = useWords()
  const now = useNow(60_000)
  const next = nextLecture(course, now)
  const mine = next?.mine
  return (
    <Link className={styles.card} to={`/training/courses/${course.id}`}>
      <span className={styles.name}>{course.title}</span>
      <span className={styles.line}>
        <Tag>{pick(course.kind_words)}</Tag>
        {course.state === 'published' ? null : (
          <Tag color={COLOURS[course.state] ?? 'default'}>{pick(course.state_words)}</Tag>
        )}
        {mine ? <Tag color={COLOURS[mine.state] ?? 'default'}>{pick(mine.state_words)}</Tag> : null}
        {next && next.state === 'under way' ? (
          <Tag color="success">{pick(next.state_words)}</Tag>
        ) : null}
      </span>
      <span className={styles.line}>
        <span>{course.offerer_name}</span>
        <span>{lecturersOf(course)}</span>
      </span>
      {next ? (
        <span className={styles.line}>
          <span className={styles.strong}>{timeWords(next)}</span>
          <span>{placesWords(next)}</span>
          {next.waiting > 0 ? <span>{t('waitingN', { n: next.waiting })}</span> : null}
          {course.credit_tenths > 0 ? <span>{creditWords(course)}</span> : null}
        </span>
      ) : null}
    </Link>
  )
}

function Credits() {
  const t = useWords()
  const { data, error, refetch } = useQuery(creditsQuery)
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton active />
  if (data.credits.length === 0)
    return (
      <Empty
        icon={<SafetyCertificateOutlined />}
        title={t('emptyCredits')}
        teach={t('teachCredits')}
      />
    )
  return (
    <>
      <p className={styles.name}>{t('totalCredit', { n: data.total_tenths / 10 })}</p>
      <ul className={styles.rows}>
        {data.credits.map((one) => (
          <li key={one.id} className={styles.row}>
            <span>
              <Link to={`/training/courses/${one.course_id}`} className={styles.name}>
                {one.title}
              </Link>
              <span className={styles.line}>
                <span>{one.offerer_name}</span>
                <span>{exactWords(one.given_at)}</span>
                <span>{t('minutes', { n: Math.floor(one.seconds / 60) })}</span>
              </span>
            </span>
            <span className={styles.bar}>
              <strong>
                {creditWords({ credit_tenths: one.tenths, credit_class: one.credit_class })}
              </strong>
              <Button href={`/api/credits/${one.id}/certificate.pdf`} target="_blank">
                {t('certificate')}
              </Button>
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}
