/** The settlement of a month: what each pair of institutions owes, and the cases behind it. */
import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Input, Skeleton, Table } from 'antd'
import { Link, useSearchParams } from 'react-router'
import { Empty } from '../shared/Empty'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { SettlementLine, SettlementOut, SettlementPair } from '../shared/schema'
import { momentWords } from '../shared/times'
import { defineWords } from '../shared/words'
import { settlementQuery, yuan } from './aftercare'

const { useWords } = defineWords('settlement', {
  title: ['结算', 'Settlement'],
  month: ['月份', 'Month'],
  file: ['下载结算单', 'Settlement sheet'],
  none: ['本月没有计费的病例', 'Nothing was counted in this month'],
  noneTeach: [
    '会诊完成后自动计费，在病例页确认支付方后计入结算。',
    'Cases are counted when they are answered; who pays is entered on the case.',
  ],
  more: [
    '本月病例过多，仅列出前一部分，合计不完整。',
    'There are more cases than this list holds; the sums are not whole.',
  ],
  requester: ['申请机构', 'Requesting'],
  provider: ['受邀机构', 'Responding'],
  cases: ['例数', 'Cases'],
  unpriced: ['未定价', 'Unpriced'],
  taken: ['应结', 'Due'],
  settled: ['已结', 'Settled'],
  open: ['未结', 'Open'],
  number: ['申请单号', 'Number'],
  what: ['计费项目', 'Items'],
  at: ['日期', 'Day'],
  state: ['状态', 'State'],
  payer: ['支付方', 'Payer'],
  amount: ['金额', 'Amount'],
})

const CHINA = 8 * 3_600_000
const NOW = () => new Date(serverNow() + CHINA).toISOString().slice(0, 7)

export function SettlementPage() {
  const t = useWords()
  const [params, setParams] = useSearchParams()
  const month = params.get('month') ?? NOW()
  const asked = useQuery(settlementQuery(month))
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <div>
          <Input
            type="month"
            aria-label={t('month')}
            value={month}
            style={{ width: 160 }}
            onChange={(event) =>
              event.target.value && setParams({ month: event.target.value }, { replace: true })
            }
          />{' '}
          <Button href={`/api/settlement.xlsx?month=${month}`} icon={<DownloadOutlined />}>
            {t('file')}
          </Button>
        </div>
      </header>
      {asked.error ? (
        <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
      ) : null}
      {asked.isPending ? <Skeleton active /> : null}
      {asked.data ? <Month month={asked.data} /> : null}
    </main>
  )
}

function Month({ month }: { month: SettlementOut }) {
  const t = useWords()
  if (month.items.length === 0) return <Empty title={t('none')} teach={t('noneTeach')} />
  const right = { align: 'right' as const, className: 'tabular' }
  return (
    <>
      {month.complete ? null : <Alert type="warning" showIcon title={t('more')} />}
      <Table<SettlementPair>
        size="small"
        pagination={false}
        scroll={{ x: 'max-content' }}
        rowKey={(pair) => `${pair.requester} ${pair.provider}`}
        dataSource={month.pairs}
        columns={[
          { title: t('requester'), dataIndex: 'requester' },
          { title: t('provider'), dataIndex: 'provider' },
          { title: t('cases'), dataIndex: 'cases', ...right },
          { title: t('unpriced'), dataIndex: 'unpriced', ...right },
          { title: t('taken'), dataIndex: 'taken', render: yuan, ...right },
          { title: t('settled'), dataIndex: 'settled', render: yuan, ...right },
          { title: t('open'), render: (_, pair) => yuan(pair.taken - pair.settled), ...right },
        ]}
      />
      <Table<SettlementLine>
        size="small"
        pagination={{ pageSize: 50, hideOnSinglePage: true }}
        scroll={{ x: 'max-content' }}
        rowKey="request_id"
        dataSource={month.items}
        columns={[
          {
            title: t('number'),
            render: (_, line) => <Link to={`/requests/${line.request_id}`}>{line.number}</Link>,
          },
          { title: t('requester'), dataIndex: 'requester' },
          { title: t('provider'), dataIndex: 'provider' },
          { title: t('what'), dataIndex: 'what' },
          { title: t('at'), render: (_, line) => momentWords(line.at, serverNow()) },
          { title: t('state'), dataIndex: 'state' },
          { title: t('payer'), dataIndex: 'payer' },
          {
            title: t('amount'),
            render: (_, line) => (line.amount === null ? t('unpriced') : yuan(line.amount)),
            ...right,
          },
          { title: t('taken'), dataIndex: 'taken', render: yuan, ...right },
        ]}
      />
    </>
  )
}
