/** The earlier case a request comes from, and where a case went on. */
import { LinkOutlined } from '@ant-design/icons'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { KEYS } from '../shared/queries'
import type { RequestOut } from '../shared/schema'
import { defineWords } from '../shared/words'
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

/** On a draft: where it comes from. */
export function SourceField({ item }: { item: RequestOut }) {
  const t = useWords()
  const client = useQueryClient()
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
    </div>
  )
}
