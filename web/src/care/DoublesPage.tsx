/** Patients who seem to be registered twice: compared, merged, and taken apart again. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Popconfirm } from 'antd'
import { Link } from 'react-router'
import { RowSkeletons } from '../requests/DayPage'
import { patientFacts } from '../requests/names'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { PatientChangeOut, PatientOut } from '../shared/schema'
import { doublesQuery, mergePatients, patientQuery, undoChange } from './api'
import styles from './care.module.css'
import { useWords } from './words'

export function DoublesPage() {
  const t = useWords()
  const list = useQuery(doublesQuery)
  if (list.error) return <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
  if (!list.data) return <RowSkeletons />
  if (list.data.groups.length === 0)
    return <Empty title={t('emptyDoubles')} teach={t('emptyDoublesTeach')} />
  return (
    <ul className={styles.rows}>
      {list.data.groups.map((group) => (
        <li key={group[0]?.id} className={styles.group}>
          {group[0] ? (
            <PatientLine name={group[0].name} sex={group[0].sex} age={group[0].age} />
          ) : null}
          <ul>
            {group.map((patient) => (
              <li key={patient.id}>
                <PatientRow patient={patient} group={group} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  )
}

function PatientRow({ patient, group }: { patient: PatientOut; group: PatientOut[] }) {
  const t = useWords()
  const { message } = App.useApp()
  const found = useQuery(patientQuery(patient.id))
  const others = group.filter((each) => each.id !== patient.id)
  const merge = useMutation({
    mutationFn: async () => {
      for (const other of others) await mergePatients(other.id, patient.id, t('mergeReason'))
    },
    onSuccess: () => void message.success(t('merged')),
  })
  return (
    <div className={styles.row}>
      <span className={styles.words}>
        <Link to={`/care/patients/${patient.id}`}>{patientFacts(patient)}</Link>
        <span className={styles.more}>
          {t('studies', { n: found.data?.studies.length ?? '…' })}
        </span>
        {found.data?.history.map((change) => (
          <Change key={change.id} change={change} />
        ))}
      </span>
      <span className={styles.deeds}>
        <Popconfirm
          title={t('mergeTitle')}
          description={t('mergeTeach', { number: patient.patient_id })}
          okText={t('merge')}
          cancelText={t('cancel')}
          onConfirm={() => merge.mutate()}
        >
          <Button loading={merge.isPending}>{t('merge')}</Button>
        </Popconfirm>
        {merge.error ? <ProblemNotice error={merge.error} /> : null}
      </span>
    </div>
  )
}

export function Change({ change }: { change: PatientChangeOut }) {
  const t = useWords()
  const undo = useMutation({ mutationFn: () => undoChange(change.id) })
  const word =
    change.kind === 'merge'
      ? change.incoming
        ? 'mergedFrom'
        : 'mergedTo'
      : change.incoming
        ? 'movedFrom'
        : 'movedTo'
  return (
    <span className={styles.more}>
      {t(word, { other: change.other.patient_id })} · {change.reason} · <Moment at={change.at} />{' '}
      {change.undone_at ? (
        t('takenBack')
      ) : (
        <Button type="link" size="small" loading={undo.isPending} onClick={() => undo.mutate()}>
          {t('takeBack')}
        </Button>
      )}
      {undo.error ? <ProblemNotice error={undo.error} /> : null}
    </span>
  )
}
