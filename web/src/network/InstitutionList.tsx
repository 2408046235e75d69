/** All institutions of the network, found by name, pinyin, initials or code. */
import { useQuery } from '@tanstack/react-query'
import { Input, Select, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { InstitutionOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { language } from '../shared/words'
import { CITY_NAMES } from '../tally/tiles'
import { type InstitutionFilter, institutionsQuery, PAGE } from './api'
import { kindWords, LEVEL_CODES, levelName, levelWords } from './codes'
import { ConnectionMark, PovertyMark } from './marks'
import styles from './NetworkPage.module.css'
import { say, useWords } from './words'

const NO_FILTER: InstitutionFilter = { q: '', city: '', level: '', connected: null }

export function InstitutionList() {
  const t = useWords()
  const region = useMe().region ?? ''
  const [filter, setFilter] = useState({ ...NO_FILTER, city: region.length === 4 ? region : '' })
  const [page, setPage] = useState(0)
  const asked = { ...filter, q: useSettled(filter.q.trim(), 250) }
  const { data, error, isFetching, refetch } = useQuery(institutionsQuery(asked, page))
  const narrow = (next: Partial<InstitutionFilter>) => {
    setPage(0)
    setFilter({ ...filter, ...next })
  }
  return (
    <>
      <Filters filter={filter} onNarrow={narrow} total={data?.total} />
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <Table<InstitutionOut>
        size="small"
        rowKey="id"
        columns={columnsOf()}
        dataSource={data?.items ?? []}
        loading={{ spinning: isFetching, delay: 300 }}
        locale={{ emptyText: data ? <Empty title={t('none')} teach={t('noneTeach')} /> : ' ' }}
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

interface FiltersProps {
  filter: InstitutionFilter
  onNarrow: (next: Partial<InstitutionFilter>) => void
  total: number | undefined
}

function Filters({ filter, onNarrow, total }: FiltersProps) {
  const t = useWords()
  const connected = filter.connected === null ? '' : String(filter.connected)
  return (
    <div className={styles.filters}>
      <Input.Search
        allowClear
        className={styles.search}
        aria-label={t('search')}
        placeholder={t('search')}
        value={filter.q}
        onChange={(event) => onNarrow({ q: event.target.value })}
      />
      <Select
        className={styles.select}
        aria-label={t('city')}
        value={filter.city}
        options={[{ value: '', label: t('anyCity') }, ...cities()]}
        onChange={(city) => onNarrow({ city })}
      />
      <Select
        className={styles.select}
        aria-label={t('level')}
        value={filter.level}
        options={[
          { value: '', label: t('anyLevel') },
          ...LEVEL_CODES.map((level) => ({ value: level as string, label: levelName(level) })),
        ]}
        onChange={(level) => onNarrow({ level })}
      />
      <Select
        className={styles.select}
        aria-label={t('connection')}
        value={connected}
        options={[
          { value: '', label: t('anyConnected') },
          { value: 'true', label: t('connected') },
          { value: 'false', label: t('notConnected') },
        ]}
        onChange={(value) => onNarrow({ connected: value === '' ? null : value === 'true' })}
      />
      <span className={styles.count}>{total === undefined ? '' : t('total', { n: total })}</span>
    </div>
  )
}

/** A city is asked for by the first four digits of its code. */
function cities() {
  const column = language() === 'en' ? 1 : 0
  return Object.entries(CITY_NAMES).map(([code, names]) => ({
    value: code.slice(0, 4),
    label: names[column],
  }))
}

function columnsOf(): TableColumnsType<InstitutionOut> {
  return [
    {
      title: say('name'),
      key: 'name',
      render: (_, row) => (
        <>
          <Link to={`/network/${row.id}`}>{row.name}</Link>
          {row.former_poverty_county ? <PovertyMark /> : null}
        </>
      ),
    },
    {
      title: say('level'),
      key: 'level',
      width: 104,
      render: (_, row) => levelWords(row.level, row.grade),
    },
    {
      title: say('kind'),
      key: 'kind',
      width: 136,
      responsive: ['md'],
      render: (_, row) => kindWords(row.kind),
    },
    {
      title: say('place'),
      key: 'place',
      width: 220,
      responsive: ['md'],
      render: (_, row) =>
        row.city_name === row.area_name ? row.city_name : `${row.city_name} ${row.area_name}`,
    },
    {
      title: say('connection'),
      key: 'connected',
      width: 168,
      responsive: ['sm'],
      render: (_, row) => <ConnectionMark institution={row} />,
    },
    {
      title: say('code'),
      key: 'id',
      width: 112,
      responsive: ['lg'],
      render: (_, row) => <span className={styles.code}>{row.id}</span>,
    },
  ]
}
