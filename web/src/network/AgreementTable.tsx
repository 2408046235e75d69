/** Agreements of an institution in one direction: whom, for what, until when, in force or not. */
import { Button, Switch, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { serverNow } from '../shared/now'
import page from '../shared/page.module.css'
import type { AgreementOut, CatalogueOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { AgreementDrawer } from './AgreementDrawer'
import styles from './InstitutionPage.module.css'
import { ForceMark } from './marks'
import { Terms } from './Terms'
import { say, useWords } from './words'

interface Props {
  title: string
  agreements: AgreementOut[]
  /** Which party to name: the one that is not this institution. */
  other: 'requester' | 'provider'
}

export function AgreementTable({ title, agreements, other }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [inForce, setInForce] = useState(false)
  const [opened, setOpened] = useState<string | null>(null)
  const shown = inForce ? agreements.filter((each) => each.in_force) : agreements
  const pages = shown.length > 20 ? { pageSize: 20, showSizeChanger: false } : (false as const)
  return (
    <section className={page.card}>
      <div className={styles.titleLine}>
        <h2 className={page.subtitle}>
          {title}（{shown.length}）
        </h2>
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch inside is a button with its role. */}
        <label>
          {t('onlyInForce')}{' '}
          <Switch
            size="small"
            checked={inForce}
            onChange={setInForce}
            aria-label={t('onlyInForce')}
          />
        </label>
      </div>
      <Table<AgreementOut>
        size="small"
        rowKey="id"
        columns={columnsOf(other, catalogue, setOpened)}
        dataSource={shown}
        pagination={pages}
        scroll={{ x: 'max-content' }}
      />
      <AgreementDrawer id={opened} onClose={() => setOpened(null)} />
    </section>
  )
}

function columnsOf(
  other: 'requester' | 'provider',
  catalogue: CatalogueOut | undefined,
  open: (id: string) => void,
): TableColumnsType<AgreementOut> {
  return [
    {
      title: say('partner'),
      key: 'other',
      render: (_, row) => <Link to={`/network/${row[other].id}`}>{row[other].short_name}</Link>,
    },
    {
      title: say('services'),
      key: 'services',
      render: (_, row) => row.services.map((code) => serviceLabel(catalogue, code)).join('、'),
    },
    {
      title: say('period'),
      key: 'period',
      render: (_, row) => (
        <span className={styles.period}>
          {say('to', { since: dayOf(row.since), until: lastDayOf(row.until) })}
        </span>
      ),
    },
    {
      title: say('state'),
      key: 'state',
      render: (_, row) => <ForceMark agreement={row} now={serverNow()} />,
    },
    {
      title: say('terms'),
      key: 'terms',
      render: (_, row) => <Terms terms={row.terms} catalogue={catalogue} />,
    },
    { title: say('rank'), dataIndex: 'rank', align: 'right', className: 'tabular' },
    {
      title: say('document'),
      key: 'document',
      render: (_, row) => <span title={row.liability}>{row.document_no}</span>,
    },
    {
      key: 'open',
      render: (_, row) => (
        <Button
          size="small"
          type="link"
          aria-label={say('openOf', { name: row[other].short_name })}
          onClick={() => open(row.id)}
        >
          {say('open')}
        </Button>
      ),
    },
  ]
}

function dayOf(iso: string): string {
  return exactWords(iso).slice(0, 10)
}

/** An agreement ends with a day: `until` is the first moment after it. */
function lastDayOf(iso: string): string {
  return exactWords(Date.parse(iso) - 1000).slice(0, 10)
}
