/** Why a case was given to whom: what was decided, by which rule, and what was known then. */
import { useQuery } from '@tanstack/react-query'
import { Drawer, Skeleton } from 'antd'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { DecisionOut } from '../shared/schema'
import { pick } from '../shared/words'
import { decisionsQuery } from './api'
import styles from './Decisions.module.css'
import { LightSign } from './LightSign'
import { useWords } from './words'

interface Props {
  id: string
  number: string
  open: boolean
  onClose: () => void
}

export function Decisions({ id, number, open, onClose }: Props) {
  const t = useWords()
  const { data, error, refetch } = useQuery({ ...decisionsQuery(id), enabled: open })
  return (
    <Drawer open={open} size={640} title={t('decisionsOf', { number })} onClose={onClose}>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active /> : null}
      {data?.items.length === 0 ? (
        <Empty small title={t('noDecisions')} teach={t('noDecisionsTeach')} />
      ) : null}
      {[...(data?.items ?? [])].reverse().map((each) => (
        <Decision key={each.id} each={each} />
      ))}
    </Drawer>
  )
}

function Decision({ each }: { each: DecisionOut }) {
  const t = useWords()
  const whose = each.person ?? each.provider?.name ?? ''
  return (
    <section className={styles.decision}>
      <h3 className={styles.title}>
        {pick(each.label)} {whose}
      </h3>
      <p className={styles.more}>
        <Moment at={each.at} /> · {each.decided_by === 'rule' ? t('decidedByRule') : each.account} ·{' '}
        {t('caseWeighs', { n: each.points })} · {t('ruleName', { rule: each.rule })}
      </p>
      {each.ranking.length > 0 ? (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th>{t('readers')}</th>
                <th>{t('reasons')}</th>
                <th className={styles.number}>{t('inHandThen')}</th>
                <th className={styles.number}>{t('inShiftThen')}</th>
                <th className={styles.number}>{t('compared')}</th>
              </tr>
            </thead>
            <tbody>
              {each.ranking.map((one) => (
                <tr
                  key={one.person_id}
                  className={one.person_id === each.person_id ? styles.chosen : ''}
                >
                  <th scope="row">
                    <LightSign light={one.light} why="" /> {one.name}
                  </th>
                  <td>{one.reasons.map((reason) => pick(reason.label)).join(' · ')}</td>
                  <td className={styles.number}>{one.in_hand}</td>
                  <td className={styles.number}>{one.in_shift}</td>
                  <td className={styles.number}>{one.measure}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {each.others.length > 0 ? (
        <p className={styles.more}>
          {each.others
            .map((other) => t('others', { n: other.people, why: pick(other.label) }))
            .join('；')}
        </p>
      ) : null}
    </section>
  )
}
