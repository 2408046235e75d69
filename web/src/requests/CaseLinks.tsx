/** The earlier case a request comes from, and where a case went on. */
import { CommentOutlined, LinkOutlined } from '@ant-design/icons'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, App, Button, Input } from 'antd'
import { useState } from 'react'
import { Link, useLocation, useNavigate } from 'react-router'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import { KEYS } from '../shared/queries'
import type { RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { continueCase, useCatalogue } from './api'
import styles from './CaseLinks.module.css'

const { useWords } = defineWords('case-links', {
  from: ['来自病例', 'From case'],
  discussed: ['本病例已讨论：', 'This case was discussed: '],
  label: ['关联的原病例编号（可不填）', 'Number of the earlier case (optional)'],
  hint: [
    '如 YX20261122-0007；本院申请或您能查看的病例',
    'Such as YX20261122-0007, one you can see',
  ],
  link: ['关联', 'Link'],
  unlink: ['取消关联', 'Unlink'],
  readOver: [
    '已带入原病例的资料，请核对，并删去能看出患者身份的内容。',
    'Taken over from the case: read it over, and strike out what tells who the patient is.',
  ],
})

function linksQuery(id: string) {
  return queryOptions({
    queryKey: [KEYS.requests, 'links', id],
    queryFn: () => body(api.GET('/api/requests/{id}/links', { params: { path: { id } } })),
  })
}

export function CaseLinks({ item }: { item: RequestOut }) {
  const t = useWords()
  const { data } = useQuery(linksQuery(item.id))
  if (!data || (!data.source && data.continued.length === 0)) return null
  return (
    <p className={styles.links}>
      <LinkOutlined aria-hidden />
      {data.source ? (
        <span>
          {t('from')} <Link to={`/requests/${data.source.id}`}>{data.source.number}</Link>
        </span>
      ) : null}
      {data.continued.length ? (
        <span>
          {t('discussed')}
          {data.continued.map((one) => (
            <Link key={one.id} to={`/requests/${one.id}`} className={styles.one}>
              {one.number}
            </Link>
          ))}
        </span>
      ) : null}
    </p>
  )
}

/** How a draft's page is told that it was begun from a case. */
const TAKEN_OVER = 'taken-over'

/** What may be begun from a case: a draft with its patient, its images and what was written. */
export function GoesOn({ item }: { item: RequestOut }) {
  const go = useNavigate()
  const { message } = App.useApp()
  const catalogue = useCatalogue()
  const begin = useMutation({
    mutationFn: (service: string) => continueCase(item.id, service),
    onSuccess: (draft) => void go(`/requests/${draft.id}/edit`, { state: TAKEN_OVER }),
    onError: (error) => void message.error(problemWords(error).what),
  })
  return item.goes_on_as.map((code) => {
    const label = catalogue?.services.find((service) => service.code === code)?.continues_label
    return label ? (
      <Button
        key={code}
        icon={<CommentOutlined />}
        loading={begin.isPending && begin.variables === code}
        onClick={() => begin.mutate(code)}
      >
        {pick(label)}
      </Button>
    ) : null
  })
}

/** On a draft: where it comes from. */
export function SourceField({ item }: { item: RequestOut }) {
  const t = useWords()
  const client = useQueryClient()
  const { state } = useLocation()
  const { data } = useQuery(linksQuery(item.id))
  const [typed, type] = useState('')
  const save = useMutation({
    mutationFn: (number: string) =>
      body(
        api.PUT('/api/requests/{id}/source', {
          params: { path: { id: item.id } },
          body: { number },
        }),
      ),
    onSuccess: (after) => {
      client.setQueryData(linksQuery(item.id).queryKey, after)
      type('')
    },
  })
  return (
    <div className={styles.field}>
      <label htmlFor="field-source">{t('label')}</label>
      {data?.source ? (
        <div className={styles.row}>
          <Link to={`/requests/${data.source.id}`}>{data.source.number}</Link>
          <Button type="link" size="small" onClick={() => save.mutate('')}>
            {t('unlink')}
          </Button>
        </div>
      ) : (
        <div className={styles.row}>
          <Input
            id="field-source"
            value={typed}
            maxLength={40}
            placeholder={t('hint')}
            onChange={(event) => type(event.target.value.trim().toUpperCase())}
            onPressEnter={() => typed && save.mutate(typed)}
          />
          <Button disabled={!typed} loading={save.isPending} onClick={() => save.mutate(typed)}>
            {t('link')}
          </Button>
        </div>
      )}
      {save.error ? <ProblemNotice error={save.error} /> : null}
      {state === TAKEN_OVER ? (
        <Alert className={styles.told} type="info" showIcon title={t('readOver')} />
      ) : null}
    </div>
  )
}
