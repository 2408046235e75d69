/** What is no longer shown: put back by whoever hid it, deleted by somebody else after retention. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Popconfirm, Segmented, Tag } from 'antd'
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
import { deleteImages, putBack, removalsQuery } from './api'
import styles from './care.module.css'
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

function RemovalRow({ row }: { row: RemovalOut }) {
  const t = useWords()
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
          {[t('copies', { n: row.instances }), why, row.note].filter(Boolean).join(' · ')} ·{' '}
          <Moment at={row.at} /> · {t('keptUntil', { day: row.kept_until })}
        </span>
      </span>
      {row.state === 'out' ? <Deeds row={row} /> : null}
    </div>
  )
}

function Deeds({ row }: { row: RemovalOut }) {
  const t = useWords()
  const { message } = App.useApp()
  const deletes = useMay('delete-studies')
  const back = useMutation({
    mutationFn: () => putBack(row.id),
    onSuccess: () => void message.success(t('restored')),
  })
  const remove = useMutation({
    mutationFn: () => deleteImages(row.id),
    onSuccess: () => void message.success(t('deletedState')),
  })
  return (
    <span className={styles.deeds}>
      <Button loading={back.isPending} onClick={() => back.mutate()}>
        {t('restore')}
      </Button>
      {deletes ? (
        <Popconfirm
          title={t('removeTitle')}
          description={t('removeTeach')}
          okText={t('remove')}
          cancelText={t('cancel')}
          okButtonProps={{ danger: true }}
          onConfirm={() => remove.mutate()}
        >
          <Button danger loading={remove.isPending}>
            {t('remove')}
          </Button>
        </Popconfirm>
      ) : null}
      {back.error ? <ProblemNotice error={back.error} /> : null}
      {remove.error ? <ProblemNotice error={remove.error} /> : null}
    </span>
  )
}
