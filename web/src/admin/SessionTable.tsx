/** Open sessions: who is signed in from where, and the end of any that should not be. */
import { useQuery } from '@tanstack/react-query'
import { App, Button, Popconfirm, Table, type TableColumnsType, Tag } from 'antd'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import type { SessionOut } from '../shared/schema'
import styles from './admin.module.css'
import { browserWords } from './agents'
import { sessionsQuery, useEndSession } from './api'
import { useWords } from './words'

/** Everybody's, for who manages them. */
export function SessionsPage() {
  return <SessionTable mine={false} />
}

export function SessionTable({ mine }: { mine: boolean }) {
  const t = useWords()
  const me = useMe()
  const { data, error, refetch } = useQuery(sessionsQuery)
  const rows = data?.items.filter((each) => !mine || each.account === me.username)
  const columns = useColumns(mine)
  return (
    <>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <Table<SessionOut>
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={rows ?? []}
        loading={{ spinning: data === undefined && !error, delay: 300 }}
        locale={{ emptyText: <Empty small title="" teach={t('noSessions')} /> }}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      />
    </>
  )
}

function useColumns(mine: boolean): TableColumnsType<SessionOut> {
  const t = useWords()
  const who: TableColumnsType<SessionOut> = [
    {
      title: t('account'),
      key: 'account',
      render: (_, row) => (
        <span className={styles.two}>
          <strong>{row.account}</strong>
          <span className={styles.quiet}>{row.name}</span>
        </span>
      ),
    },
  ]
  return [
    ...(mine ? [] : who),
    {
      title: t('agent'),
      key: 'agent',
      render: (_, row) => (
        <span title={row.agent}>
          {browserWords(row.agent)}{' '}
          {row.current ? <Tag color="processing">{t('current')}</Tag> : null}
        </span>
      ),
    },
    { title: t('address'), dataIndex: 'address', className: 'tabular', responsive: ['sm'] },
    {
      title: t('signedIn'),
      key: 'created',
      responsive: ['md'],
      render: (_, row) => <Moment at={row.created_at} />,
    },
    { title: t('seen'), key: 'seen', render: (_, row) => <Moment at={row.seen_at} ago /> },
    {
      title: <span className="visually-hidden">{t('acts')}</span>,
      key: 'acts',
      width: 80,
      render: (_, row) => (row.current ? null : <End id={row.id} />),
    },
  ]
}

function End({ id }: { id: string }) {
  const t = useWords()
  const { message } = App.useApp()
  const end = useEndSession()
  const run = () =>
    end.mutate(id, {
      onSuccess: () => void message.success(t('ended')),
      onError: (error) => void message.error(problemWords(error).what),
    })
  // A session that ended cannot be given back, so this one act asks first.
  return (
    <Popconfirm title={t('endAsk')} okText={t('end')} cancelText={t('cancel')} onConfirm={run}>
      <Button size="small" danger loading={end.isPending}>
        {t('end')}
      </Button>
    </Popconfirm>
  )
}
