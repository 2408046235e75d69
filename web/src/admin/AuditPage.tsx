/** The audit, newest first, with the state of its hash chain above it. Read only. */
import { CheckCircleFilled, CloseCircleFilled, SafetyOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Alert, Button, Table, type TableColumnsType } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AuditOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import styles from './admin.module.css'
import { auditQuery } from './api'
import { useWords } from './words'

const EVENTS = [
  'user-authentication',
  'query',
  'instances-accessed',
  'study-deleted',
  'images-corrected',
  'patient-record',
  'export',
  'security-alert',
  'audit-log-used',
  'security-roles-changed',
  'user-attributes-changed',
  'access-denied',
  'configuration-changed',
] as const
type EventKey = (typeof EVENTS)[number]

export function AuditPage() {
  const t = useWords()
  const found = useInfiniteQuery(auditQuery)
  const columns = useColumns()
  const newest = found.data?.pages[0]
  return (
    <div className={styles.stack}>
      {found.error ? (
        <ProblemNotice error={found.error} kept="" onRetry={() => void found.refetch()} />
      ) : null}
      {newest === undefined ? null : newest.chain_ok ? (
        <p className={styles.chain}>
          <span className={styles.good}>
            <SafetyOutlined aria-hidden /> {t('chainGood')}
          </span>
          <span className={styles.quiet}>{t('auditTeach')}</span>
          <Button
            size="small"
            className={styles.last}
            loading={found.isRefetching}
            onClick={() => void found.refetch()}
          >
            {t('refresh')}
          </Button>
        </p>
      ) : (
        <Alert type="error" showIcon title={t('chainBad')} />
      )}
      <Table<AuditOut>
        size="small"
        rowKey="seq"
        columns={columns}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        loading={{ spinning: found.isPending, delay: 300 }}
        pagination={false}
        scroll={{ x: 'max-content' }}
      />
      {found.hasNextPage ? (
        <Button block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t('older')}
        </Button>
      ) : null}
    </div>
  )
}

function useColumns(): TableColumnsType<AuditOut> {
  const t = useWords()
  const words = (event: string) =>
    (EVENTS as readonly string[]).includes(event) ? t(event as EventKey) : event
  return [
    { title: t('number'), dataIndex: 'seq', align: 'right', className: 'tabular' },
    {
      title: t('at'),
      key: 'at',
      className: 'tabular',
      render: (_, row) => <time dateTime={row.at}>{exactWords(row.at)}</time>,
    },
    { title: t('event'), key: 'event', render: (_, row) => words(row.event) },
    { title: t('outcome'), key: 'outcome', render: (_, row) => <Outcome outcome={row.outcome} /> },
    {
      title: t('account'),
      key: 'account',
      render: (_, row) => (
        <span className={styles.two}>
          <span>{row.account ?? '—'}</span>
          <span className={styles.quiet}>{row.institution}</span>
        </span>
      ),
    },
    { title: t('address'), dataIndex: 'address', className: 'tabular' },
    {
      title: t('object'),
      key: 'object',
      render: (_, row) => (
        <span className={styles.two}>
          <span>{row.object_kind}</span>
          <code className={styles.code}>{row.object_id}</code>
        </span>
      ),
    },
    { title: t('detail'), key: 'detail', render: (_, row) => <Detail detail={row.detail} /> },
  ]
}

function Outcome({ outcome }: { outcome: string }) {
  const t = useWords()
  if (outcome === 'success')
    return (
      <span className={styles.good}>
        <CheckCircleFilled aria-hidden /> {t('success')}
      </span>
    )
  return (
    <span className={styles.bad}>
      <CloseCircleFilled aria-hidden /> {outcome === 'failure' ? t('failure') : outcome}
    </span>
  )
}

function Detail({ detail }: { detail: AuditOut['detail'] }) {
  const facts = Object.entries(detail).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return <code className={styles.code}>{facts.join(' · ')}</code>
}
