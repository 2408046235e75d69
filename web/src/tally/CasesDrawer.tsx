/** The cases behind one number: every number can be asked about, case by case. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Button, Drawer, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { factsQuery, useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { useMe } from '../session/session'
import { Behind } from '../shared/Behind'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { TallyCase } from '../shared/schema'
import { Timeline } from '../shared/Timeline'
import { UrgencyTag, useUrgencyWords } from '../shared/tags'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import { type Asked, casesQuery, factQuery } from './api'
import styles from './CasesDrawer.module.css'
import { isMeasured, monthWords, valueWords } from './numbers'
import type { Spot } from './TallyTable'
import { useWords } from './words'

interface Props {
  asked: Asked
  /** Null while closed. */
  spot: Spot | null
  onClose: () => void
}

export function CasesDrawer({ asked, spot, onClose }: Props) {
  const t = useWords()
  return (
    <Drawer open={spot !== null} onClose={onClose} size={640} title={t('cases')} destroyOnHidden>
      {spot === null ? null : <Cases asked={asked} spot={spot} />}
    </Drawer>
  )
}

function Cases({ asked, spot: { row, column } }: { asked: Asked; spot: Spot }) {
  const t = useWords()
  const me = useMe()
  const urgency = useUrgencyWords()
  const found = useInfiniteQuery(casesQuery(asked, row.key, column.indicator))
  const items = found.data?.pages.flatMap((each) => each.items) ?? []
  const name = row.key === '' ? t('total') : row.name
  return (
    <Behind
      of={[
        t('casesOf', { row: name, month: monthWords(asked.month), side: t(asked.side) }),
        asked.urgency === null ? null : t('urgencyOnly', { name: urgency(asked.urgency) }),
      ]
        .filter(Boolean)
        .join(' · ')}
      value={`${column.against === null ? column.label : name} ${valueWords(row.values[column.indicator], column.kind)}`}
      notes={me.region === null ? [column.definition] : [column.definition, t('masked')]}
      found={found}
      empty={items.length === 0}
      none={{ title: t('casesNone'), teach: t('casesNoneTeach') }}
      more={t('casesMore')}
    >
      {items.map((item) => (
        <CaseLine
          key={`${item.seq}.${item.request_id}.${item.counted_as.zh}`}
          item={item}
          kind={column.kind}
        />
      ))}
    </Behind>
  )
}

function CaseLine({ item, kind }: { item: TallyCase; kind: string }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const [open, setOpen] = useState(false)
  const value = item.value ?? null
  // A case tells all its facts; of anything else, and of what one may not open, the one counted.
  const ofCase = item.visible && item.page === 'request'
  return (
    <li className={styles.line}>
      <div className={styles.first}>
        {item.visible ? (
          <Link to={placeOf(item)} title={t('openCase')}>
            {item.number}
          </Link>
        ) : item.page === 'call' || item.page === 'waiting' ? (
          <span className={page.quiet}>{t(item.page)}</span>
        ) : (
          <span title={t('casesHidden')} className={page.quiet}>
            {item.number}
          </span>
        )}
        {item.page === 'lecture' ? (
          <span>{item.person}</span>
        ) : (
          <UrgencyTag urgency={item.urgency} />
        )}
        <span className={styles.counted}>
          {isMeasured(kind) ? valueWords(value, kind) : pick(item.counted_as)}
          {value !== null && value < 0 ? ` · ${t('removed')}` : ''}
        </span>
      </div>
      <div className={styles.second}>
        <span>
          {serviceLabel(catalogue, item.service)} · {item.requester}
          {item.provider ? ` → ${item.provider}` : ''}
        </span>
        <time dateTime={item.at} className="tabular">
          {exactWords(item.at).slice(0, 16)}
        </time>
        <Button type="link" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t('facts')}
        </Button>
      </div>
      {open && ofCase ? <Facts id={item.request_id} number={item.number} /> : null}
      {open && !ofCase ? <Fact seq={item.seq} /> : null}
    </li>
  )
}

/** A request's page, of training the lecture's, of a time booked for no case its own. */
function placeOf(item: TallyCase): string {
  if (item.page === 'appointment') return `/appointments?open=${item.request_id}`
  const noun = item.page === 'lecture' ? 'training/lectures' : 'requests'
  return `/${noun}/${item.request_id}`
}

/** The fact that an entry counts, with the numbers that it carries. */
function Fact({ seq }: { seq: number }) {
  const t = useWords()
  const { data, error } = useQuery(factQuery(seq))
  if (error) return <ProblemNotice error={error} kept="" />
  if (data === undefined) return <Skeleton active title={false} paragraph={{ rows: 2 }} />
  const carried = data.carries.map((one) => `${pick(one.words)} ${carriedWords(pick(one.value))}`)
  const steps = [
    {
      key: String(data.seq),
      at: data.at,
      title: pick(data.label),
      detail: [data.actor, data.institution, ...carried].filter(Boolean).join(' · '),
    },
  ]
  return (
    <div className={styles.facts}>
      <Timeline steps={steps} label={t('factOf', { n: data.seq })} />
      <p className={page.quiet}>
        {t('factOf', { n: data.seq })} · {t('countsAs')}
        {data.counted.map((one) => `${pick(one.words)} ${one.weight}`).join('、')}
      </p>
    </div>
  )
}

/** A moment as people write it, anything else as it is. */
function carriedWords(value: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(value) ? exactWords(value) : value
}

function Facts({ id, number }: { id: string; number: string }) {
  const t = useWords()
  const { data, error } = useQuery(factsQuery(id))
  if (error) return <ProblemNotice error={error} kept="" />
  if (data === undefined) return <Skeleton active title={false} paragraph={{ rows: 3 }} />
  const steps = data.items.map((fact) => ({
    key: String(fact.seq),
    at: fact.at,
    title: pick(fact.label),
    detail: [fact.actor, fact.institution].filter(Boolean).join(' · '),
  }))
  return (
    <div className={styles.facts}>
      <Timeline steps={steps} label={t('factsOf', { number })} />
    </div>
  )
}
