/** Alliances by their five forms, with who leads them and how many belong today. */
import { useQuery } from '@tanstack/react-query'
import { Input, Select, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AllianceOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { alliancesQuery, PAGE } from './api'
import { FORMS, formWords } from './codes'
import styles from './NetworkPage.module.css'
import { say, useWords } from './words'

export function AllianceList() {
  const t = useWords()
  const [q, setQ] = useState('')
  const [form, setForm] = useState('')
  const [page, setPage] = useState(0)
  const asked = useSettled(q.trim(), 250)
  const { data, error, isFetching, refetch } = useQuery(alliancesQuery(asked, form, page))
  return (
    <>
      <div className={styles.filters}>
        <Input.Search
          allowClear
          className={styles.search}
          aria-label={t('searchAlliance')}
          placeholder={t('searchAlliance')}
          value={q}
          onChange={(event) => {
            setPage(0)
            setQ(event.target.value)
          }}
        />
        <Select
          className={styles.select}
          aria-label={t('form')}
          popupMatchSelectWidth={false}
          value={form}
          options={[
            { value: '', label: t('anyForm') },
            ...FORMS.map((each) => ({ value: each as string, label: formWords(each) })),
          ]}
          onChange={(next) => {
            setPage(0)
            setForm(next)
          }}
        />
        <span className={styles.count}>
          {data === undefined ? '' : t('totalAlliances', { n: data.total })}
        </span>
      </div>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <Table<AllianceOut>
        size="small"
        rowKey="id"
        columns={columnsOf()}
        dataSource={data?.items ?? []}
        loading={{ spinning: isFetching, delay: 300 }}
        locale={{
          emptyText: data ? <Empty title={t('noneAlliances')} teach={t('noneTeach')} /> : ' ',
        }}
        pagination={{
          current: page + 1,
          pageSize: PAGE,
          total: data?.total ?? 0,
          showSizeChanger: false,
          hideOnSinglePage: true,
          onChange: (next) => setPage(next - 1),
        }}
      />
    </>
  )
}

function columnsOf(): TableColumnsType<AllianceOut> {
  return [
    { title: say('alliance'), dataIndex: 'name' },
    { title: say('form'), key: 'form', width: 144, render: (_, row) => formWords(row.form) },
    {
      title: say('lead'),
      key: 'lead',
      render: (_, row) => <Link to={`/network/${row.lead.id}`}>{row.lead.name}</Link>,
    },
    {
      title: say('members'),
      dataIndex: 'members',
      width: 72,
      align: 'right',
      className: 'tabular',
    },
  ]
}
