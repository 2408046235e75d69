/** One institution: what it is licensed for, what it belongs to, who may ask whom, who works there. */
import { ArrowLeftOutlined, WarningFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Skeleton, Table, Tag } from 'antd'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { Empty } from '../shared/Empty'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { InstitutionDetail, InstitutionOut, MembershipOut, PersonOut } from '../shared/schema'
import { pick } from '../shared/words'
import { AgreementTable } from './AgreementTable'
import { institutionQuery } from './api'
import { formWords, kindWords, levelWords, scopeWords } from './codes'
import styles from './InstitutionPage.module.css'
import { ConnectionMark, PovertyMark } from './marks'
import { say, useWords } from './words'

export function InstitutionPage() {
  const t = useWords()
  const { id = '' } = useParams()
  const { data, error, refetch } = useQuery(institutionQuery(id))
  return (
    <main className={page.page}>
      <Link to="/network" className={styles.back}>
        <ArrowLeftOutlined aria-hidden /> {t('back')}
      </Link>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      {data ? <Detail detail={data} /> : error ? null : <Skeleton active />}
    </main>
  )
}

function Detail({ detail }: { detail: InstitutionDetail }) {
  const t = useWords()
  const { institution, memberships, agreements, people } = detail
  const asks = agreements.filter((each) => each.requester.id === institution.id)
  const answers = agreements.filter((each) => each.provider.id === institution.id)
  return (
    <>
      <header className={page.head}>
        <h1 className={page.title}>
          {institution.name}
          {institution.former_poverty_county ? <PovertyMark /> : null}
        </h1>
        <ConnectionMark institution={institution} />
      </header>
      <div className={styles.columns}>
        <Card title={t('identity')}>
          <Identity institution={institution} />
        </Card>
        <Card title={t('memberships')}>
          <Memberships memberships={memberships} />
        </Card>
      </div>
      {agreements.length === 0 ? (
        <section className={page.card}>
          <Empty title={t('agreementsNone')} teach={t('agreementsNoneTeach')} small />
        </section>
      ) : null}
      {asks.length > 0 ? (
        <AgreementTable title={t('mayAsk')} agreements={asks} other="provider" />
      ) : null}
      {answers.length > 0 ? (
        <AgreementTable title={t('mayBeAsked')} agreements={answers} other="requester" />
      ) : null}
      <Card title={t('people')}>
        <People people={people} />
      </Card>
    </>
  )
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={page.card}>
      <h2 className={`${page.subtitle} ${styles.cardTitle}`}>{title}</h2>
      {children}
    </section>
  )
}

function Identity({ institution }: { institution: InstitutionOut }) {
  const t = useWords()
  const facts: [string, ReactNode][] = [
    [t('code'), institution.id],
    [t('level'), levelWords(institution.level, institution.grade)],
    [t('kind'), kindWords(institution.kind)],
    [t('area'), `${institution.area_code} ${institution.city_name} ${institution.area_name}`],
    [t('uscc'), institution.uscc],
    [t('licence'), institution.licence_no],
    [t('licenceUntil'), <LicenceUntil key="until" until={institution.licence_until} />],
    [
      t('scopes'),
      <span key="scopes" className={styles.scopes}>
        {institution.scopes.map((code) => (
          <Tag key={code} title={code}>
            {scopeWords(code)}
          </Tag>
        ))}
      </span>,
    ],
  ]
  return (
    <dl className={styles.facts}>
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function LicenceUntil({ until }: { until: string | null }) {
  const t = useWords()
  if (until === null) return '—'
  // The licence is good through its last day in the network's zone.
  if (Date.parse(`${until}T23:59:59+08:00`) >= serverNow()) return until
  return (
    <span className={styles.warn}>
      <WarningFilled aria-hidden /> {until} {t('licenceEnded')}
    </span>
  )
}

function Memberships({ memberships }: { memberships: MembershipOut[] }) {
  const t = useWords()
  if (memberships.length === 0) return <Empty small title="" teach={t('membershipsNone')} />
  const today = new Date(serverNow() + 8 * 3_600_000).toISOString().slice(0, 10)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long list that scrolls must be reachable by keyboard.
    <ul className={styles.memberships} tabIndex={0} aria-label={t('memberships')}>
      {memberships.map((each) => {
        const over = each.until !== null && each.until < today
        return (
          <li key={`${each.alliance_id} ${each.since}`} className={over ? styles.over : undefined}>
            <span className={styles.alliance}>{each.alliance_name}</span>
            <span className={styles.more}>
              {formWords(each.form)} · {t(each.role === 'lead' ? 'leadRole' : 'memberRole')} ·{' '}
              {each.until === null
                ? t('since', { since: each.since })
                : t('to', { since: each.since, until: each.until })}
              {over ? ` · ${t('ended')}` : ''}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function People({ people }: { people: PersonOut[] }) {
  const t = useWords()
  if (people.length === 0) return <Empty small title="" teach={t('peopleNone')} />
  return (
    <Table<PersonOut>
      size="small"
      rowKey="id"
      dataSource={people}
      pagination={people.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
      columns={[
        {
          title: say('person'),
          key: 'name',
          render: (_, row) => (
            <>
              {row.name} {row.active ? null : <Tag>{t('left')}</Tag>}
            </>
          ),
        },
        { title: say('personTitle'), key: 'title', render: (_, row) => pick(row.title) },
        { title: say('department'), dataIndex: 'department' },
        { title: say('specialty'), dataIndex: 'specialty', responsive: ['sm'] },
      ]}
    />
  )
}
