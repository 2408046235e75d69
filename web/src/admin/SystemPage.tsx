/** What runs here, how far its followers are, and how full it is. Asked again every few seconds. */
import { CheckCircleFilled, SyncOutlined, WarningFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Progress, Skeleton } from 'antd'
import type { ReactNode } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { SystemOut } from '../shared/schema'
import { sizeWords } from '../uploads/sizes'
import styles from './admin.module.css'
import { systemQuery } from './api'
import { useWords } from './words'

/** Below this share of what there is, somebody should order disks. */
const LOW = 0.1

export function SystemPage() {
  const { data, error, refetch } = useQuery(systemQuery)
  return (
    <div className={styles.stack}>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      {data ? <Shown system={data} /> : error ? null : <Skeleton active />}
    </div>
  )
}

function Shown({ system }: { system: SystemOut }) {
  const t = useWords()
  return (
    <div className={styles.panels}>
      <Panel title={t('running')}>
        <Fact name={t('version')} value={system.version} />
        <Fact name={t('database')} value={system.database} />
        <Fact name={t('revision')} value={system.revision} />
        <Fact name={t('logSeq')} value={system.log_seq.toLocaleString('en-US')} />
        <Fact name={t('sockets')} value={system.open_sockets.toLocaleString('en-US')} />
        <Fact name={t('calendar')} value={system.calendar_known_until} />
      </Panel>
      <Panel title={t('storage')}>
        <Fact name={t('studies')} value={system.studies.toLocaleString('en-US')} />
        <Fact name={t('instances')} value={system.instances.toLocaleString('en-US')} />
        <Fact name={t('stored')} value={sizeWords(system.blob_bytes)} />
        <Fact name={t('free')} value={sizeWords(system.free_bytes)} />
        <Room system={system} />
      </Panel>
      <Panel title={t('followers')} hint={t('followersTeach')}>
        <Followers system={system} />
      </Panel>
    </div>
  )
}

function Panel(props: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section className={styles.panel}>
      <h2 className={page.subtitle}>{props.title}</h2>
      {props.hint ? <p className={styles.quiet}>{props.hint}</p> : null}
      <dl className={styles.facts}>{props.children}</dl>
    </section>
  )
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** How much of what could hold images does. */
function Room({ system }: { system: SystemOut }) {
  const t = useWords()
  const whole = system.blob_bytes + system.free_bytes
  const used = whole > 0 ? system.blob_bytes / whole : 0
  const low = 1 - used < LOW
  return (
    <div className={styles.room}>
      <dt className="visually-hidden">{t('stored')}</dt>
      <dd>
        <Progress
          percent={Math.round(used * 1000) / 10}
          status={low ? 'exception' : 'normal'}
          aria-label={t('stored')}
        />
        {low ? (
          <span className={styles.warn}>
            <WarningFilled aria-hidden /> {t('lowSpace')}
          </span>
        ) : null}
      </dd>
    </div>
  )
}

function Followers({ system }: { system: SystemOut }) {
  const t = useWords()
  const all = Object.entries(system.bookmarks)
  if (all.length === 0) return <Fact name={t('noFollowers')} value="" />
  return all.map(([name, seq]) => {
    const lag = Math.max(0, system.log_seq - seq)
    return (
      <Fact
        key={name}
        name={name === 'tallies' ? t('tallies') : name}
        value={
          lag === 0 ? (
            <span className={styles.good}>
              <CheckCircleFilled aria-hidden /> {t('caughtUp')}
            </span>
          ) : (
            <span className={styles.warn}>
              <SyncOutlined aria-hidden /> {t('lag', { n: lag })}
            </span>
          )
        }
      />
    )
  })
}
