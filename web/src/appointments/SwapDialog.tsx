/** Giving a seat to somebody else: who is free then, and why others are not. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Modal, Skeleton } from 'antd'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AppointmentWhole, SeatOut } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './SwapDialog.module.css'
import { substitutesQuery, swap } from './seats'
import { useWords } from './seatWords'

interface Props {
  one: AppointmentWhole
  seat: SeatOut
  onClose: () => void
}

export function SwapDialog({ one, seat, onClose }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const { data, error, refetch } = useQuery(substitutesQuery(one.id, seat.n, one.version))
  const take = useMutation({
    mutationFn: (person: string) => swap(one.id, one.version, seat.n, person),
    onSuccess: () => {
      void message.success(t('swapped'))
      onClose()
    },
  })
  return (
    <Modal
      open
      width={480}
      title={t('swapTitle', { person: seat.person.name })}
      footer={null}
      onCancel={onClose}
    >
      <p className={styles.teach}>{t('swapTeach')}</p>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {data === undefined && !error ? <Skeleton active /> : null}
      {data?.people.length === 0 ? (
        <Empty small title={t('nobody')} teach={t('nobodyTeach')} />
      ) : null}
      <ul className={styles.people}>
        {data?.people.map(({ person, words }) => (
          <li key={person.id} className={words ? styles.not : ''}>
            <span>
              {person.name}（{pick(person.title)}）
            </span>
            {words ? (
              <span className={styles.why}>{pick(words)}</span>
            ) : (
              <Button
                size="small"
                aria-label={t('chooseWho', { person: person.name })}
                loading={take.isPending && take.variables === person.id}
                onClick={() => take.mutate(person.id)}
              >
                {t('choose')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Modal>
  )
}
