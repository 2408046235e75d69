/** The minutes beside the case, or on a page of their own: notes, signatures, consents. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { useMeeting } from '../../requests/api'
import { ProblemNotice } from '../../shared/ProblemNotice'
import type { MinutesOut } from '../../shared/schema'
import { pick } from '../../shared/words'
import type { Signal } from '../signal'
import { minutesQuery } from './api'
import { Consents } from './Consents'
import styles from './MinutesPanel.module.css'
import { OpenNotes } from './OpenNotes'
import { Signatures } from './Signatures'
import { sectionWords } from './sections'
import { useWords } from './words'

interface Props {
  id: string
  /** The conference they are written in; null on a page of their own. */
  signal: Signal | null
}

export function MinutesPanel({ id, signal }: Props) {
  const { data, error, refetch } = useQuery(minutesQuery(id))
  if (data) return <Whole found={data} signal={signal} />
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  return <Skeleton active paragraph={{ rows: 8 }} />
}

const COLOURS = { open: 'processing', closed: 'warning', signed: 'success', archived: 'success' }

function Whole({ found, signal }: { found: MinutesOut; signal: Signal | null }) {
  const t = useWords()
  const title = t('title', { meeting: useMeeting(found.service) })
  const [began, setBegan] = useState(0)
  return (
    <section className={styles.panel} aria-label={title}>
      <header className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        <Tag color={COLOURS[found.state]}>{pick(found.state_words)}</Tag>
        <span className={styles.number}>{found.number}</span>
      </header>
      <Tabs
        size="small"
        className={styles.tabs}
        items={[
          {
            key: 'notes',
            label: t('notes'),
            children:
              found.state === 'open' ? (
                <OpenNotes key={began} {...{ found, signal }} onAgain={() => setBegan(began + 1)} />
              ) : (
                <ClosedText found={found} />
              ),
          },
          {
            key: 'signatures',
            label: found.allowed.includes('sign') ? <b>{t('signNow')}</b> : t('signatures'),
            children: <Signatures found={found} />,
          },
          { key: 'consents', label: t('consents'), children: <Consents found={found} /> },
        ]}
      />
    </section>
  )
}

function ClosedText({ found }: { found: MinutesOut }) {
  const t = useWords()
  return (
    <div className={styles.scroll}>
      {found.place ? (
        <p className={styles.more}>
          {t('place')}：{found.place}
        </p>
      ) : null}
      <p className={styles.more}>
        {t('people')}：
        {found.people
          .filter((one) => one.present)
          .map((one) => `${one.name}（${pick(one.title)}，${pick(one.role_words)}）`)
          .join('、')}
      </p>
      {found.sections.map((one) => (
        <section key={one.section}>
          <h3 className={styles.section}>{sectionWords(found, one)}</h3>
          <p className={styles.text}>{one.text}</p>
        </section>
      ))}
    </div>
  )
}
