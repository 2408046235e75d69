/** What was looked through before experts are asked: there or missing, by whom and when. */
import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined } from '@ant-design/icons'
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { Button, Input, Segmented } from 'antd'
import { useState } from 'react'
import { StepDialog } from '../requests/StepDialog'
import { api, body } from '../shared/api'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { KEYS, queryClient } from '../shared/queries'
import type { RequestOut, TickedOut, TickIn } from '../shared/schema'
import { momentWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import styles from './OpinionsBlock.module.css'

const { useWords } = defineWords('checklist', {
  title: ['资料核对', 'Material'],
  there: ['有', 'there'],
  missing: ['缺', 'missing'],
  what: ['缺什么', 'What is missing'],
  by: ['{{who}} · {{at}}', '{{who}} · {{at}}'],
  return: ['退回补充', 'Return for more'],
})

const checklistQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'checklist', id],
    queryFn: () => body(api.GET('/api/requests/{id}/checklist', { params: { path: { id } } })),
  })

export function ChecklistBlock({ item }: { item: RequestOut }) {
  const t = useWords()
  const sent = item.state !== 'draft' && item.state !== 'awaiting'
  const found = useQuery({ ...checklistQuery(item.id), enabled: sent })
  const [returning, setReturning] = useState(false)
  if (found.error) return <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
  const items = found.data?.items ?? []
  const may = found.data?.may_check === true
  if (items.length === 0 || (!may && items.every((one) => one.there === null))) return null
  const lacks = items.some((one) => one.there === false)
  return (
    <section className={page.card} aria-label={t('title')}>
      <div className={styles.head}>
        <h2 className={styles.heading}>{t('title')}</h2>
        {lacks && item.allowed.includes('return') ? (
          <Button size="small" onClick={() => setReturning(true)}>
            {t('return')}
          </Button>
        ) : null}
      </div>
      <ul className={styles.list}>
        {items.map((one) => (
          <li key={one.key} className={styles.one}>
            <Thing id={item.id} one={one} may={may} />
          </li>
        ))}
      </ul>
      <StepDialog
        row={item}
        step={returning ? 'return' : null}
        onClose={() => setReturning(false)}
      />
    </section>
  )
}

function Thing({ id, one, may }: { id: string; one: TickedOut; may: boolean }) {
  const t = useWords()
  const check = useMutation({
    mutationFn: (given: TickIn) =>
      body(api.PUT('/api/requests/{id}/checklist', { params: { path: { id } }, body: given })),
    onSuccess: (after) => queryClient.setQueryData(checklistQuery(id).queryKey, after),
  })
  const said = one.there === null ? '' : one.there ? 'there' : 'missing'
  return (
    <>
      <div className={styles.who}>
        <Mark there={one.there} />
        <span>{pick(one.label)}</span>
        {may ? (
          <Segmented
            className={styles.state}
            size="small"
            aria-label={pick(one.label)}
            value={said}
            options={(['there', 'missing'] as const).map((value) => ({ value, label: t(value) }))}
            onChange={(value) => check.mutate({ key: one.key, there: value === 'there', note: '' })}
          />
        ) : null}
      </div>
      {one.there === false && may ? (
        <Input
          key={one.checked_at}
          size="small"
          defaultValue={one.note}
          maxLength={500}
          placeholder={t('what')}
          aria-label={t('what')}
          onBlur={(event) =>
            event.target.value.trim() !== one.note &&
            check.mutate({ key: one.key, there: false, note: event.target.value })
          }
        />
      ) : null}
      {one.checked_at ? (
        <p className={styles.more}>
          {[
            t('by', { who: one.checked_by ?? '', at: momentWords(one.checked_at, serverNow()) }),
            may ? '' : one.note,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      ) : null}
      {check.error ? <ProblemNotice error={check.error} kept="" /> : null}
    </>
  )
}

function Mark({ there }: { there: boolean | null }) {
  if (there === null) return <MinusCircleOutlined className={styles.barred} aria-hidden />
  return there ? (
    <CheckCircleFilled className={styles.good} aria-hidden />
  ) : (
    <CloseCircleFilled className={styles.late} aria-hidden />
  )
}
