/** Who takes part in a lecture, for those who run it. */
import { DownloadOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Popconfirm, Table, Tag } from 'antd'
import { useState } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { LearnerOut, LectureOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import { checkInByHand, peopleQuery } from './api'
import { COLOURS } from './shown'
import { useWords } from './words'

const SIZE = 100

export function People({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const [offset, setOffset] = useState(0)
  const { data, error, refetch } = useQuery(peopleQuery(lecture.id, offset))
  const take = useMutation({
    mutationFn: (account: string) => checkInByHand(lecture.id, account),
  })
  return (
    <section className={page.card}>
      <header className={page.head}>
        <h2 className={page.subtitle}>{t('people')}</h2>
        {data && data.total > 0 ? (
          <Button href={`/api/lectures/${lecture.id}/people.xlsx`} icon={<DownloadOutlined />}>
            {t('signInSheet')}
          </Button>
        ) : null}
      </header>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      <Table<LearnerOut>
        size="small"
        rowKey="account_id"
        scroll={{ x: 'max-content' }}
        loading={data === undefined && !error}
        dataSource={data?.items ?? []}
        locale={{ emptyText: <Empty small title={t('nobodyYet')} teach="" /> }}
        pagination={
          data && data.total > SIZE
            ? {
                total: data.total,
                pageSize: SIZE,
                current: offset / SIZE + 1,
                showSizeChanger: false,
                onChange: (next) => setOffset((next - 1) * SIZE),
              }
            : false
        }
        columns={[
          { key: 'name', title: t('name'), dataIndex: 'name' },
          { key: 'institution', title: t('institution'), dataIndex: 'institution_name' },
          {
            key: 'state',
            title: t('state'),
            render: (_, one) => (
              <>
                <Tag color={COLOURS[one.state] ?? 'default'}>{pick(one.state_words)}</Tag>
                {one.on_the_spot ? <Tag>{t('onTheSpot')}</Tag> : null}
                {one.by_hand ? <Tag>{t('byHand')}</Tag> : null}
              </>
            ),
          },
          {
            key: 'at',
            title: t('checkedInAt'),
            render: (_, one) => (one.checked_in_at ? exactWords(one.checked_in_at) : '—'),
          },
          {
            key: 'spent',
            title: t('length'),
            align: 'right',
            render: (_, one) => (
              <span className="tabular">
                {one.checked_in_at || one.seconds > 0 ? Math.floor(one.seconds / 60) : '—'}
              </span>
            ),
          },
          {
            key: 'hand',
            title: <span className="visually-hidden">{t('checkInByHand')}</span>,
            align: 'right',
            // On a telephone too, where the columns before it go by.
            fixed: 'right',
            render: (_, one) =>
              one.allowed.includes('check-in') ? (
                <Popconfirm
                  title={t('checkInByHand')}
                  description={t('byHandSure', { who: one.name })}
                  okText={t('checkInByHand')}
                  cancelText={t('close')}
                  onConfirm={() => take.mutate(one.account_id)}
                >
                  <Button
                    size="small"
                    loading={take.isPending && take.variables === one.account_id}
                  >
                    {t('checkInByHand')}
                  </Button>
                </Popconfirm>
              ) : null,
          },
        ]}
      />
    </section>
  )
}
