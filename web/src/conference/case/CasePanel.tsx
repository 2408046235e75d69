/**
 * The case in the conference: the study everybody looks at, its records, and the minutes beside it.
 *
 * Who may not see the case takes part in everything but it, and is told so.
 */
import { useQuery } from '@tanstack/react-query'
import { Segmented, Skeleton } from 'antd'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { caseQuery } from '../../requests/api'
import { Empty } from '../../shared/Empty'
import { ProblemNotice } from '../../shared/ProblemNotice'
import { queryClient } from '../../shared/queries'
import type { MinutesOut } from '../../shared/schema'
import { useNarrow } from '../../shared/useNarrow'
import { type Member, type Signal, useMembers, useSignal } from '../signal'
import { minutesQuery } from './api'
import { CaseOpinions } from './CaseOpinions'
import styles from './CasePanel.module.css'
import { Records } from './CaseRecords'
import { Images } from './Images'
import { MinutesPanel } from './MinutesPanel'
import { Presenter } from './Presenter'
import { usePresenting } from './usePresenting'
import { useRecords } from './useRecords'
import type { Shown } from './views'
import { useWords } from './words'

interface Props {
  conference: { readonly appointment_id: string }
}

export function CasePanel({ conference }: Props) {
  const id = conference.appointment_id
  const signal = useSignal()
  const narrow = useNarrow()
  const { data, error, refetch } = useQuery(minutesQuery(id))
  const minutes = <MinutesPanel id={id} signal={signal} />
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton active className={styles.wait} />
  if (!data.has_case)
    return <section className={`${styles.minutes} ${styles.alone}`}>{minutes}</section>
  return (
    <div className={styles.panel}>
      <Case found={data} signal={signal} minutes={narrow ? minutes : null} />
      {narrow ? null : <aside className={styles.minutes}>{minutes}</aside>}
    </div>
  )
}

type Tab = 'images' | 'records' | 'opinions' | 'notes'

function Case(props: { found: MinutesOut; signal: Signal; minutes: ReactNode }) {
  const t = useWords()
  const { found, signal, minutes } = props
  const members = useMembers(signal)
  const chair = found.people.find((one) => one.chair && one.present)?.person_id
  const leads = useCallback(
    (member: string) =>
      chair !== undefined && members.find((one) => one.id === member)?.person_id === chair,
    [chair, members],
  )
  const stage = usePresenting(signal, leads)
  useFreshPeople(found.appointment_id, members)
  const asked = found.request_id
  const query = useQuery({ ...caseQuery(asked ?? ''), enabled: asked !== null })
  const item = query.data
  const [tab, setTab] = useState<Tab>('images')
  const [free, setFree] = useState(false)
  const followed = free || stage.mine ? null : stage.shown
  const shown = isOwn(tab) || followed === null ? tab : tabOf(followed)
  const choose = (next: Tab) => {
    setTab(next)
    if (followed !== null && !isOwn(next) && next !== tabOf(followed)) setFree(true)
  }
  const onTouched = useCallback(() => setFree(true), [])
  const { mine, show } = stage
  useEffect(() => {
    if (mine && isOwn(tab)) show({ kind: 'other' })
  }, [mine, tab, show])
  const tabs: Tab[] = ['images', 'records', 'opinions', ...(minutes ? (['notes'] as const) : [])]
  const records = useRecords({
    presents: mine && shown === 'records' && item !== undefined,
    follow: followed?.kind === 'records' && shown === 'records' ? followed : null,
    onPlace: show,
    onTouched,
  })
  return (
    <section className={styles.case}>
      <header className={styles.bar}>
        <Segmented
          size="small"
          value={shown}
          onChange={choose}
          options={tabs.map((key) => ({ value: key, label: t(key) }))}
        />
        {item ? (
          <Presenter {...{ found, signal, stage, free }} onFree={setFree} leads={leads} />
        ) : null}
      </header>
      <div className={styles.places}>
        <div className={styles.place} hidden={shown !== 'images'}>
          {item ? (
            <Images
              {...{ found, item, signal, stage, free }}
              inSight={shown === 'images'}
              onFree={setFree}
            />
          ) : (
            <Without found={found} error={query.error} />
          )}
        </div>
        <div className={styles.place} hidden={shown !== 'records'} ref={records}>
          {item ? <Records item={item} /> : <Without found={found} error={query.error} />}
        </div>
        <div className={styles.place} hidden={shown !== 'opinions'}>
          {item ? (
            <CaseOpinions request={item.id} service={item.service} />
          ) : (
            <Without found={found} error={query.error} />
          )}
        </div>
        {minutes ? (
          <div className={`${styles.place} ${styles.inset}`} hidden={shown !== 'notes'}>
            {minutes}
          </div>
        ) : null}
      </div>
    </section>
  )
}

/** Whoever writes there is not taken away by what is shown, and shows nothing. */
function isOwn(tab: Tab): boolean {
  return tab === 'opinions' || tab === 'notes'
}

function tabOf(shown: Shown): Tab {
  return shown.kind === 'records' ? 'records' : 'images'
}

/** Whoever comes has a part of the minutes from then on: the others' pages are to show it. */
function useFreshPeople(id: string, members: readonly Member[]): void {
  const here = members
    .map((one) => one.person_id)
    .sort()
    .join()
  useEffect(() => {
    if (here) void queryClient.invalidateQueries({ queryKey: minutesQuery(id).queryKey })
  }, [here, id])
}

/** Why there is no case to look at. */
function Without({ found, error }: { found: MinutesOut; error: unknown }) {
  const t = useWords()
  if (error) return <ProblemNotice error={error} />
  if (!found.has_case) return <Empty title={t('noCase')} teach={t('noCaseTeach')} />
  if (found.request_id === null) return <Empty title={t('noRight')} teach={t('noRightTeach')} />
  return <Skeleton active className={styles.wait} />
}
