/** A course's quiz: the questions, handing in, what came of it; for who made it, the answers. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Checkbox, Radio, Skeleton, Tag } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { QuizOut } from '../shared/schema'
import { courseQuery, keyQuery, quizQuery, sit } from './api'
import styles from './training.module.css'
import { useWords } from './words'

export function QuizPage() {
  const { id = '' } = useParams()
  const course = useQuery(courseQuery(id))
  const knows = course.data?.allowed.includes('key') ?? false
  return (
    <main className={`${page.page} ${page.narrow}`}>
      {course.error ? <ProblemNotice error={course.error} /> : null}
      {course.data === undefined && !course.error ? <Skeleton active /> : null}
      {course.data ? (
        <>
          <h1 className={page.title}>
            <Link to={`/training/courses/${id}`}>{course.data.title}</Link>
          </h1>
          {knows ? <Key id={id} /> : <Paper id={id} />}
        </>
      ) : null}
    </main>
  )
}

function Paper({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(quizQuery(id))
  const [again, setAgain] = useState(0)
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton active />
  return <Sitting key={again} quiz={data} onAgain={() => setAgain(again + 1)} />
}

function Sitting({ quiz, onAgain }: { quiz: QuizOut; onAgain: () => void }) {
  const t = useWords()
  const [chosen, setChosen] = useState<Record<number, number[]>>({})
  const [handed, setHanded] = useState(false)
  const send = useMutation({
    mutationFn: () =>
      sit(
        quiz.course_id,
        quiz.sittings.length + 1,
        quiz.questions.map((_, n) => chosen[n] ?? []),
      ),
    onSuccess: () => setHanded(true),
  })
  const last = quiz.sittings.at(-1)
  const open = quiz.questions.filter((_, n) => (chosen[n] ?? []).length === 0).length
  const shows = handed || !quiz.may_sit
  // What was handed in, also when the page is opened again.
  const picked = (n: number) => chosen[n] ?? (shows ? last?.answers[n] : undefined) ?? []
  const best = Math.max(0, ...quiz.sittings.map((one) => one.score))
  return (
    <section className={`${page.card} ${styles.stack}`}>
      <span className={styles.line}>
        <span>
          {t('quizLine', {
            n: quiz.questions.length,
            mark: quiz.pass_mark,
            most: quiz.most_sittings,
          })}
        </span>
        {quiz.sittings.length > 0 ? <span>{t('best', { n: best })}</span> : null}
      </span>
      {shows && last ? (
        <Alert
          type={last.passed ? 'success' : 'warning'}
          showIcon
          title={`${t('scored', { n: last.score })} · ${last.passed ? t('passed') : t('notPassed')}`}
          action={quiz.may_sit ? <Button onClick={onAgain}>{t('sitAgain')}</Button> : undefined}
        />
      ) : null}
      {quiz.questions.map((question, n) => (
        <fieldset key={question.text} className={styles.question} disabled={shows}>
          <legend className={styles.strong}>
            {n + 1}. {question.text} <Tag>{t(question.kind)}</Tag>
            {shows && last ? (last.right[n] ? ' ✓' : ' ✗') : ''}
          </legend>
          {question.kind === 'multiple' ? (
            <Checkbox.Group
              className={styles.choices}
              value={picked(n)}
              onChange={(next) => setChosen({ ...chosen, [n]: next as number[] })}
              options={question.options.map((label, value) => ({ label, value }))}
            />
          ) : (
            <Radio.Group
              className={styles.choices}
              value={picked(n)[0]}
              onChange={(event) => setChosen({ ...chosen, [n]: [event.target.value as number] })}
              options={question.options.map((label, value) => ({ label, value }))}
            />
          )}
          {shows && quiz.answers ? (
            <span className={page.quiet}>
              {t('rightAnswer')}：
              {(quiz.answers[n] ?? []).map((place) => question.options[place]).join('、')}
            </span>
          ) : null}
        </fieldset>
      ))}
      {shows ? null : (
        <div className={styles.bar}>
          <Button
            type="primary"
            size="large"
            disabled={open > 0}
            loading={send.isPending}
            onClick={() => send.mutate()}
          >
            {t('submit')}
          </Button>
          {open > 0 ? <span className={page.quiet}>{t('answerAll', { n: open })}</span> : null}
        </div>
      )}
      {send.error ? <ProblemNotice error={send.error} /> : null}
    </section>
  )
}

function Key({ id }: { id: string }) {
  const t = useWords()
  const { data, error, refetch } = useQuery(keyQuery(id))
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  return (
    <section className={page.card}>
      {data?.questions.map((question, n) => (
        <div key={question.text} className={styles.question}>
          <span className={styles.strong}>
            {n + 1}. {question.text} <Tag>{t(question.kind)}</Tag>
          </span>
          <Checkbox.Group
            className={styles.choices}
            disabled
            value={question.right}
            options={question.options.map((label, value) => ({ label, value }))}
          />
        </div>
      ))}
    </section>
  )
}
