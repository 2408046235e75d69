/** Cover for somebody who is away: what they have, who takes each case, nothing before OK. */
import { useQuery } from '@tanstack/react-query'
import { Button, Modal, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { examLabel } from '../requests/names'
import { StepDialog } from '../requests/StepDialog'
import { RunningClock } from '../shared/CaseClock'
import { Empty } from '../shared/Empty'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { CoveredOut, ReaderOut, RequestRow } from '../shared/schema'
import { UrgencyTag } from '../shared/tags'
import { pick } from '../shared/words'
import { coverQuery, type Wish } from './api'
import styles from './CoverDialog.module.css'
import { useWords } from './words'

const KEEP = 'keep'
const OPEN = 'open'

interface Props {
  person: { person_id: string; name: string } | null
  readers: readonly ReaderOut[]
  busy: boolean
  onClose: () => void
  onOk: (wishes: Wish[]) => void
}

export function CoverDialog({ person, readers, busy, onClose, onOk }: Props) {
  const t = useWords()
  const [said, setSaid] = useState<Record<string, string>>({})
  const cover = useQuery({
    ...coverQuery(person?.person_id ?? ''),
    enabled: person !== null,
    gcTime: 0,
  })
  const items = cover.data ?? []
  const wishes = wishesOf(items, said)
  return (
    <Modal
      open={person !== null}
      title={t('coverTitle', { who: person?.name ?? '' })}
      width={820}
      okText={t('coverOk', { n: wishes.length })}
      cancelText={t('cancel')}
      okButtonProps={{ disabled: wishes.length === 0, loading: busy }}
      onOk={() => onOk(wishes)}
      onCancel={onClose}
      afterClose={() => setSaid({})}
      destroyOnHidden
    >
      {cover.error ? (
        <ProblemNotice error={cover.error} onRetry={() => void cover.refetch()} />
      ) : null}
      {cover.isPending && person ? <Skeleton active /> : null}
      {cover.data?.length === 0 ? (
        <Empty small title={t('coverNone')} teach={t('coverNoneTeach')} />
      ) : null}
      {items.length > 0 ? <p className={styles.teach}>{t('coverTeach')}</p> : null}
      <ul className={styles.lines}>
        {items.map((item) => (
          <CoverLine
            key={item.request.id}
            item={item}
            readers={readers}
            value={said[item.request.id] ?? item.to ?? KEEP}
            onChange={(to) => setSaid({ ...said, [item.request.id]: to })}
            onReleased={() => void cover.refetch()}
          />
        ))}
      </ul>
    </Modal>
  )
}

/** The lines that change anything. */
export function wishesOf(
  items: readonly Pick<CoveredOut, 'request' | 'to'>[],
  said: Readonly<Record<string, string>>,
): Wish[] {
  return items.flatMap(({ request, to }) => {
    const chosen = said[request.id] ?? to ?? KEEP
    if (chosen === KEEP || request.claim) return []
    return [{ request_id: request.id, person_id: chosen === OPEN ? null : chosen }]
  })
}

interface LineProps {
  item: CoveredOut
  readers: readonly ReaderOut[]
  value: string
  onChange: (to: string) => void
  onReleased: () => void
}

function CoverLine({ item, readers, value, onChange, onReleased }: LineProps) {
  const t = useWords()
  const catalogue = useCatalogue()
  const row = item.request
  const nameOf = (id: string) => readers.find((each) => each.person_id === id)?.name ?? id
  const able = item.candidates.filter((each) => each.why_not === null)
  const barred = item.candidates.filter((each) => each.why_not !== null)
  return (
    <li className={styles.line}>
      <span className={styles.clock}>
        <RunningClock clock={row.clock} />
      </span>
      <UrgencyTag urgency={row.urgency} />
      <span className={styles.who}>
        <PatientLine name={row.patient_name} sex={row.patient_sex} age={row.patient_age} />{' '}
        <span className={styles.exam}>{examLabel(catalogue, row)}</span>
      </span>
      {row.claim ? (
        <Held row={row} onReleased={onReleased} />
      ) : (
        <Select
          className={styles.to}
          aria-label={t('coverTo', { number: row.number })}
          value={value}
          onChange={onChange}
          options={[
            ...able.map((each) => ({ value: each.person_id, label: nameOf(each.person_id) })),
            { value: OPEN, label: t('coverOpen') },
            { value: KEEP, label: able.length > 0 ? t('coverKeep') : t('coverNobody') },
            ...barred.map((each) => ({
              value: each.person_id,
              disabled: true,
              label: `${nameOf(each.person_id)} · ${each.why_not ? pick(each.why_not) : ''}`,
            })),
          ]}
        />
      )}
    </li>
  )
}

/** What was begun is released with a reason, as anywhere; then it stands in everybody's pool. */
function Held({ row, onReleased }: { row: RequestRow; onReleased: () => void }) {
  const t = useWords()
  const [open, setOpen] = useState(false)
  return (
    <span className={styles.to}>
      {t('coverHeld')}{' '}
      {row.report_state === 'preliminary' ? null : (
        <Button size="small" onClick={() => setOpen(true)}>
          {t('coverRelease')}
        </Button>
      )}
      <StepDialog
        row={row}
        step={open ? 'release' : null}
        onClose={() => setOpen(false)}
        onDone={onReleased}
      />
    </span>
  )
}
