/** Who takes part in a lecture, for those who run it. */
import { useQuery } from '@tanstack/react-query'
import { Table, Tag } from 'antd'
import { useState } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { LearnerOut, LectureOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import { peopleQuery } from './api'
import { COLOURS } from './shown'
import { useWords } from './words'

const SIZE = 100

export function People({ lecture }: { lecture: LectureOut }) {
  const t = useWords()
  const [offset, setOffset] = useState(0)
  const { data, error, refetch } = useQuery(peopleQuery(lecture.id, offset))
  return (
    <section className={page.card}>
      <h2 className={page.subtitle}>{t('people')}</h2>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
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
                {one.checked_in_at ? Math.floor(one.seconds / 60) : '—'}
              </span>
            ),
          },
        ]}
      />
    </section>
  )
}
