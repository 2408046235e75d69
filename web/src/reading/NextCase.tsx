/** After a signature the next case stands ready: one key opens it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Modal, Skeleton, Switch } from 'antd'
import { useEffect, useState } from 'react'
import { useNavigate } from 'react-router'
import type { Outcome } from '../reports/ReportPanel'
import { claim, isListedToWatch, useService } from '../requests/api'
import { CaseRow } from '../requests/CaseRow'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestOut, RequestRow } from '../shared/schema'
import { pick } from '../shared/words'
import { headQuery, keepSettings, useSettings } from './api'
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
  // A verifier goes on verifying, a reader goes on with their own cases, then what is kept for
  // them, then the pool.
  const lists = [
    useQuery({ ...headQuery('verify'), enabled: verifying }),
    useQuery({ ...headQuery('mine'), enabled: !verifying }),
    useQuery({ ...headQuery('assigned'), enabled: !verifying }),
    useQuery({ ...headQuery('reserved'), enabled: !verifying }),
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
    onError: (error, row) => isListedToWatch(error) && void go(`/read/${row.id}`),
  })
  const ready = !lists.some((list) => list.isFetching && !list.data)
  const auto = useAutoNext(item, ready && next !== undefined && !open.isError, () => {
    if (next && !open.isPending) open.mutate(next)
  })
  if (!ready) return <Skeleton active />
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: whoever moves here is deciding; the countdown stops, nothing else happens.
    <div className={styles.offer} onPointerMove={auto.stop} onKeyDown={auto.stop}>
      {next ? (
        <div className={styles.row}>
          <CaseRow row={next} side="reader" />
        </div>
      ) : (
        <Empty small title={t('nextNone')} teach="" />
      )}
      {open.error ? <ProblemNotice error={open.error} kept="" /> : null}
      <div className={styles.auto}>
        <Switch
          size="small"
          aria-label={t('autoNext', { service: auto.service })}
          checked={auto.on}
          onChange={auto.set}
        />
        <span aria-hidden>{t('autoNext', { service: auto.service })}</span>
      </div>
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
            {t('nextCase')} ↵{auto.left === null ? '' : ` · ${t('opensIn', { n: auto.left })}`}
          </Button>
        ) : null}
      </div>
    </div>
  )
}

const COUNTDOWN = 4

/**
 * Opens the next case by itself where the service does so or the person wants it. It can be seen
 * coming, and any movement stops it.
 */
function useAutoNext(item: RequestOut, ready: boolean, go: () => void) {
  const service = useService(item.service)
  const chosen = useSettings()?.auto_next ?? {}
  const on = chosen[item.service] ?? service?.auto_next ?? false
  const [left, setLeft] = useState<number | null>(COUNTDOWN)
  const runs = on && ready && left !== null
  useEffect(() => {
    if (!runs) return
    if (left === 0) {
      setLeft(null)
      go()
      return
    }
    const tick = setTimeout(() => setLeft(left - 1), 1000)
    return () => clearTimeout(tick)
  }, [runs, left, go])
  return {
    on,
    service: service ? pick(service.label) : '',
    left: runs ? left : null,
    stop: () => setLeft(null),
    set: (next: boolean) => keepSettings({ auto_next: { ...chosen, [item.service]: next } }),
  }
}
