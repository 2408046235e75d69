/** The settlement of a month: what each pair of institutions owes, and the cases behind it. */
import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Skeleton, Space, Table } from 'antd'
import { Link, useSearchParams } from 'react-router'
import { Empty } from '../shared/Empty'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { SettlementLine, SettlementOut, SettlementPair } from '../shared/schema'
import { momentWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import { MonthPicker } from '../tally/MonthPicker'
import { isMonth, monthAfter, monthOf } from '../tally/numbers'
import { settlementQuery, yuan } from './aftercare'

const { useWords } = defineWords('settlement', {
  title: ['结算', 'Settlement'],
  file: ['下载结算单', 'Settlement sheet'],
  none: ['本月没有计费的病例', 'Nothing was counted in this month'],
  noneTeach: [
    '完成后自动计费，在病例页确认支付方后计入结算。',
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
  comma: ['、', ', '],
  at: ['日期', 'Day'],
  state: ['状态', 'State'],
  payer: ['支付方', 'Payer'],
  amount: ['金额', 'Amount'],
})

/** How far back the list of months goes; an address may go further. */
const MONTHS = 24

export function SettlementPage() {
  const t = useWords()
  const [params, setParams] = useSearchParams()
  const thisMonth = monthOf(serverNow())
  const wanted = params.get('month')
  const month = isMonth(wanted) && wanted <= thisMonth ? wanted : thisMonth
  const asked = useQuery(settlementQuery(month))
  return (
    <main className={page.page}>
      <header className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        <Space wrap>
          <MonthPicker
            month={month}
            first={monthAfter(thisMonth, 1 - MONTHS)}
            last={thisMonth}
            onChange={(next) => setParams({ month: next }, { replace: true })}
          />
          <Button href={`/api/settlement.xlsx?month=${month}`} icon={<DownloadOutlined />}>
            {t('file')}
          </Button>
        </Space>
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
          {
            title: t('what'),
            render: (_, line) =>
              line.what
                .map((part) => pick(part.label) + (part.quantity > 1 ? ` ×${part.quantity}` : ''))
                .join(t('comma')),
          },
          { title: t('at'), render: (_, line) => momentWords(line.at, serverNow()) },
          { title: t('state'), render: (_, line) => pick(line.state) },
          { title: t('payer'), render: (_, line) => (line.payer ? pick(line.payer) : '') },
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
