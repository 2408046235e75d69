/** After a signature the next case stands ready: one key opens it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Modal, Skeleton } from 'antd'
import { useNavigate } from 'react-router'
import type { Outcome } from '../reports/ReportPanel'
import { claim } from '../requests/api'
import { CaseRow } from '../requests/CaseRow'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestOut, RequestRow } from '../shared/schema'
import { headQuery } from './api'
import styles from './NextCase.module.css'
import { useWords } from './words'

interface Props {
  item: RequestOut
  outcome: Outcome | null
  onStay: () => void
}

export function NextCase({ item, outcome, onStay }: Props) {
  const t = useWords()
  const title =
    outcome === 'sent-back'
      ? t('sentBackTitle')
      : outcome === 'signed' && item.four_eyes
        ? t('nextTitleFirst')
        : t('nextTitle')
  return (
    <Modal
      open={outcome !== null}
      title={title}
      footer={null}
      width={640}
      onCancel={onStay}
      destroyOnHidden
    >
      {outcome === null ? null : (
        <Offer item={item} verifying={outcome !== 'signed'} onStay={onStay} />
      )}
    </Modal>
  )
}

function Offer({
  item,
  verifying,
  onStay,
}: {
  item: RequestOut
  verifying: boolean
  onStay: () => void
}) {
  const t = useWords()
  const go = useNavigate()
  // A verifier goes on verifying, a reader goes on with their own cases, then the pool.
  const lists = [
    useQuery({ ...headQuery('verify'), enabled: verifying }),
    useQuery({ ...headQuery('mine'), enabled: !verifying }),
    useQuery(headQuery('pool')),
  ]
  const rows = lists.flatMap((list) => list.data?.items ?? [])
  const next = rows.find((row) => row.id !== item.id && !row.why_not)
  const open = useMutation({
    mutationFn: async (row: RequestRow) => {
      if (row.state === 'open' && row.claim === null && row.report_state !== 'preliminary')
        await claim(row.id)
      return row.id
    },
    onSuccess: (id) => void go(`/read/${id}`),
  })
  if (lists.some((list) => list.isFetching && !list.data)) return <Skeleton active />
  return (
    <div className={styles.offer}>
      {next ? (
        <div className={styles.row}>
          <CaseRow row={next} side="reader" />
        </div>
      ) : (
        <Empty small title={t('nextNone')} teach="" />
      )}
      {open.error ? <ProblemNotice error={open.error} kept="" /> : null}
      <div className={styles.buttons}>
        <Button onClick={onStay}>{t('stay')}</Button>
        <Button onClick={() => void go('/work')}>{t('toDesk')}</Button>
        {next ? (
          <Button
            type="primary"
            autoFocus
            loading={open.isPending}
            onClick={() => open.mutate(next)}
          >
            {t('nextCase')} ↵
          </Button>
        ) : null}
      </div>
    </div>
  )
}
