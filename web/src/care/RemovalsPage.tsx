/** What is no longer shown: put back by whoever hid it, deleted by somebody else after retention. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Segmented, Tag } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { RowSkeletons } from '../requests/DayPage'
import { reasonLabel } from '../requests/names'
import { useMay } from '../session/session'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RemovalOut } from '../shared/schema'
import { studyDate } from '../studies/dates'
import { putBack, removalsQuery } from './api'
import styles from './care.module.css'
import { DeleteDialog } from './DeleteDialog'
import { HoldButton } from './Holds'
import { useHoldWords } from './holdWords'
import { useWords } from './words'

export function RemovalsPage() {
  const t = useWords()
  const [state, setState] = useState<'' | 'out'>('out')
  const list = useQuery(removalsQuery(state))
  return (
    <>
      <div className={styles.filters}>
        <Segmented<'' | 'out'>
          aria-label={t('state')}
          value={state}
          onChange={setState}
          options={[
            { value: 'out', label: t('out') },
            { value: '', label: t('all') },
          ]}
        />
      </div>
      {list.error ? <ProblemNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <RowSkeletons /> : null}
      {list.data?.items.length === 0 ? (
        <Empty title={t('emptyRemovals')} teach={t('emptyRemovalsTeach')} />
      ) : null}
      <ul className={styles.rows}>
        {list.data?.items.map((row) => (
          <li key={row.id}>
            <RemovalRow row={row} />
          </li>
        ))}
      </ul>
    </>
  )
}

const LEVELS = { study: 'levelStudy', series: 'levelSeries', instance: 'levelInstance' } as const

function RemovalRow({ row }: { row: RemovalOut }) {
  const t = useWords()
  const h = useHoldWords()
  const catalogue = useCatalogue()
  const replaced = row.kind === 'replaced'
  const why = reasonLabel(catalogue, replaced ? 'quarantine' : 'hide', row.reason)
  return (
    <div className={styles.row}>
      <span className={styles.words}>
        <span className={styles.first}>
          <strong>{row.patient_name || row.patient_id}</strong>
          <span>
            {row.modalities.replaceAll('\\', '/')} {row.description} {studyDate(row.study_date)}
          </span>
          <Tag>{t(replaced ? 'replacedKind' : 'hiddenKind')}</Tag>
          {row.state === 'restored' ? <Tag color="success">{t('restored')}</Tag> : null}
          {row.state === 'deleted' ? <Tag color="error">{t('deletedState')}</Tag> : null}
          {row.on_hold ? <Tag color="warning">{t('onHold')}</Tag> : null}
        </span>
        <span className={styles.more}>
          {[t(LEVELS[row.level]), t('copies', { n: row.instances }), why, row.note]
            .filter(Boolean)
            .join(' · ')}{' '}
          · <Moment at={row.at} />
          {row.state === 'out' ? ` · ${h('earliest', { day: row.kept_until })}` : ''}
        </span>
      </span>
      {row.state === 'out' ? <Deeds row={row} /> : null}
    </div>
  )
}

function Deeds({ row }: { row: RemovalOut }) {
  const t = useWords()
  const { message } = App.useApp()
  const h = useHoldWords()
  const deletes = useMay('delete-studies')
  const [deleting, setDeleting] = useState(false)
  const back = useMutation({
    mutationFn: () => putBack(row.id),
    onSuccess: () => void message.success(t('restored')),
  })
  return (
    <span className={styles.deeds}>
      <Button loading={back.isPending} onClick={() => back.mutate()}>
        {t('restore')}
      </Button>
      {deletes ? (
        <>
          <HoldButton studyId={row.study_id} on={row.on_hold} />
          <Button danger onClick={() => setDeleting(true)}>
            {h('remove')}
          </Button>
          <DeleteDialog row={row} open={deleting} onClose={() => setDeleting(false)} />
        </>
      ) : null}
      {back.error ? <ProblemNotice error={back.error} /> : null}
    </span>
  )
}
