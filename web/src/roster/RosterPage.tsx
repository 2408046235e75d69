/**
 * 值班表: who is on duty, for what and when, a week at a time; the week stands in the address.
 *
 * Who keeps it adds by a click, a drag or a key and takes everything back by one; who reads sees
 * the same without the handles. A stretch without anybody is said in words and hatched.
 */
import { CopyOutlined, LeftOutlined, PlusOutlined, RightOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Skeleton } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { Empty } from '../shared/Empty'
import { usePageKeys } from '../shared/keys'
import { serverNow, useNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { problemWords } from '../shared/problem'
import type { RosterOut } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { copyWeek, weekQuery } from './api'
import { DayList } from './DayList'
import { dayAfter, dayOf, isDay, mondayOf } from './days'
import { FileMenu } from './FileMenu'
import { isPlanned } from './marks'
import styles from './RosterPage.module.css'
import { type Asked, ShiftDialog } from './ShiftDialog'
import { useSaid } from './said'
import { WeekGrid } from './WeekGrid'
import { dateWords, useWords } from './words'

export function RosterPage() {
  const t = useWords()
  const narrow = useNarrow()
  const { monday, today, go } = useWeek()
  const { data, error, refetch } = useQuery(weekQuery(monday))
  const [asked, setAsked] = useState<Asked | null>(null)
  const writes = data?.may_write ?? false
  const add = () => setAsked({ day: today < monday ? monday : today })
  const copy = useCopy(monday)
  usePageKeys([
    { combo: 'Alt+ArrowLeft', label: t('keyLeft'), run: () => go(dayAfter(monday, -7)) },
    { combo: 'Alt+ArrowRight', label: t('keyRight'), run: () => go(dayAfter(monday, 7)) },
    { combo: 't', label: t('keyToday'), run: () => go(null) },
    ...(writes
      ? [
          { combo: 'n', label: t('keyNew'), run: add },
          { combo: '← ↑ ↓ →', label: t('keyCells') },
          { combo: 'Delete', label: t('keyDelete') },
        ]
      : []),
  ])
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <div className={styles.week}>
          <Button
            aria-label={t('before')}
            icon={<LeftOutlined />}
            onClick={() => go(dayAfter(monday, -7))}
          />
          <strong className={styles.dates} aria-live="polite">
            {dateWords(monday)} – {dateWords(dayAfter(monday, 6))}
          </strong>
          <Button
            aria-label={t('after')}
            icon={<RightOutlined />}
            onClick={() => go(dayAfter(monday, 7))}
          />
          <Button disabled={monday === mondayOf(today)} onClick={() => go(null)}>
            {t('thisWeek')}
          </Button>
        </div>
        <div className={styles.deeds}>
          {data ? <FileMenu monday={monday} writes={writes} /> : null}
          {writes ? (
            <>
              <Button
                icon={<CopyOutlined />}
                loading={copy.isPending}
                onClick={() => copy.mutate()}
              >
                {t('copyLast')}
              </Button>
              <Button type="primary" icon={<PlusOutlined />} onClick={add}>
                {t('add')}
              </Button>
            </>
          ) : null}
        </div>
      </header>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined ? (
        error ? null : (
          <Skeleton active paragraph={{ rows: 8 }} />
        )
      ) : (
        <Week data={data} narrow={narrow} onAsk={setAsked} />
      )}
      {data && asked ? (
        <ShiftDialog data={data} asked={asked} onClose={() => setAsked(null)} />
      ) : null}
    </main>
  )
}

interface WeekProps {
  data: RosterOut
  narrow: boolean
  onAsk: (asked: Asked) => void
}

function Week({ data, narrow, onAsk }: WeekProps) {
  const t = useWords()
  const now = useNow(30_000)
  if (data.people.length === 0) return <Empty title={t('nobody')} teach={t('nobodyTeach')} />
  const none = !isPlanned(data)
  const shown = { data, now, onAsk }
  return (
    <>
      {none ? (
        <Empty small title={t('empty')} teach={t(data.may_write ? 'emptyTeach' : 'emptyRead')} />
      ) : null}
      {narrow ? <DayList {...shown} /> : <WeekGrid {...shown} />}
    </>
  )
}

/** The week of the address; what is no day there is this week. */
function useWeek() {
  const [params, setParams] = useSearchParams()
  useNow(60_000)
  const today = dayOf(serverNow())
  const wanted = params.get('week')
  const go = (day: string | null) =>
    setParams(day === null || mondayOf(day) === mondayOf(today) ? {} : { week: mondayOf(day) })
  return { monday: mondayOf(isDay(wanted) ? wanted : today), today, go }
}

function useCopy(monday: string) {
  const t = useWords()
  const { message } = App.useApp()
  const said = useSaid()
  return useMutation({
    mutationFn: () => copyWeek(dayAfter(monday, -7), monday),
    onSuccess: (done) =>
      said(done, done.made.length === 0 ? t('copiedNone') : t('copied', { n: done.made.length })),
    onError: (error) => void message.error(problemWords(error).what),
  })
}
