/** 网络: who is in it, how they are allied, and who may ask whom. */
import { useQuery } from '@tanstack/react-query'
import { Tabs } from 'antd'
import { useSearchParams } from 'react-router'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { NetworkSummary } from '../shared/schema'
import { AllianceList } from './AllianceList'
import { summaryQuery } from './api'
import { FORMS, formWords } from './codes'
import { InstitutionList } from './InstitutionList'
import styles from './NetworkPage.module.css'
import { useWords } from './words'

export function NetworkPage() {
  const t = useWords()
  const { data, error, refetch } = useQuery(summaryQuery)
  const [params, setParams] = useSearchParams()
  const tab = params.get('tab') === 'alliances' ? 'alliances' : 'institutions'
  return (
    <main className={page.page}>
      <h1 className={page.title}>{t('title')}</h1>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <Summary summary={data} />
      <section className={page.card}>
        <Tabs
          activeKey={tab}
          onChange={(next) => setParams(next === 'institutions' ? {} : { tab: next })}
          destroyOnHidden
          items={[
            { key: 'institutions', label: t('institutions'), children: <InstitutionList /> },
            { key: 'alliances', label: t('alliances'), children: <AllianceList /> },
          ]}
        />
      </section>
    </main>
  )
}

function Summary({ summary }: { summary: NetworkSummary | undefined }) {
  const t = useWords()
  const all = Object.values(summary?.alliances ?? {}).reduce((sum, n) => sum + n, 0)
  const forms = FORMS.map((form) => `${formWords(form)} ${summary?.alliances[form] ?? 0}`)
  const figures = [
    { label: t('institutions'), value: summary?.institutions },
    { label: t('connected'), value: summary?.connected },
    { label: t('tertiary'), value: summary?.tertiary },
    { label: t('secondary'), value: summary?.secondary },
    { label: t('poverty'), value: summary?.former_poverty_connected },
    { label: t('agreements'), value: summary?.agreements },
    { label: t('alliances'), value: summary && all, more: summary && forms.join(' · ') },
  ]
  return (
    <dl className={styles.figures} aria-label={t('summary')}>
      {figures.map((figure) => (
        <div key={figure.label} className={figure.more === undefined ? styles.figure : styles.wide}>
          <dt>{figure.label}</dt>
          <dd>
            <span className={styles.value}>{figure.value?.toLocaleString('en-US') ?? '…'}</span>
            {figure.more ? <span className={styles.more}>{figure.more}</span> : null}
          </dd>
        </div>
      ))}
    </dl>
  )
}
