/** What can be done with the marked cases at once: set aside for oneself, or opened again. */
import { PushpinOutlined, RollbackOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { useMay } from '../session/session'
import type { PageKey } from '../shared/keys'
import type { Marks } from '../shared/marks'
import { problemWords } from '../shared/problem'
import type { RequestRow } from '../shared/schema'
import { UndoLink } from '../shared/UndoLink'
import { reserve, type Tab, unassign } from './api'
import { FloatingBar } from './FloatingBar'
import { useWords } from './words'

const WHERE: ReadonlySet<Tab> = new Set(['pool', 'assigned', 'reserved'])

/** Whether rows of a list can be marked by this person. */
export function useMarkable(tab: Tab): boolean {
  return useMay('write-reports') && WHERE.has(tab)
}

function reservable(row: RequestRow): boolean {
  return row.state === 'open' && !row.claim && !row.why_not && !row.scheduled_performer
}

function returnable(row: RequestRow): boolean {
  return row.scheduled_performer?.mine === true
}

/** The deeds for what is marked, or for the row one stands on where nothing is. */
export function useMarkDeeds(marks: Marks<RequestRow>, selected: RequestRow | null) {
  const t = useWords()
  const { message } = App.useApp()
  const of = (fits: (row: RequestRow) => boolean) =>
    (marks.ids.size > 0 ? marks.rows : selected ? [selected] : []).filter(fits)
  const failed = (error: unknown) => void message.warning(problemWords(error).what)
  const giveBack = async (rows: readonly { id: string }[]) => {
    for (const row of rows) await unassign(row.id)
  }
  const keep = useMutation({
    mutationFn: (rows: RequestRow[]) => reserve(rows.map((row) => row.id)),
    onError: failed,
    onSuccess: (_, rows) => {
      marks.clear()
      void message.success({
        key: 'marked',
        duration: 8,
        content: (
          <>
            {t('reserved_n', { n: rows.length })}{' '}
            <UndoLink undo={() => giveBack(rows).catch(failed)} of="marked" />
          </>
        ),
      })
    },
  })
  const back = useMutation({
    mutationFn: giveBack,
    onError: failed,
    onSuccess: (_, rows) => {
      marks.clear()
      void message.info({ key: 'marked', content: t('returned_n', { n: rows.length }) })
    },
  })
  return {
    reservable: of(reservable),
    returnable: of(returnable),
    busy: keep.isPending || back.isPending,
    reserve: () => {
      const rows = of(reservable)
      if (rows.length > 0 && !keep.isPending) keep.mutate(rows)
    },
    giveBack: () => {
      const rows = of(returnable)
      if (rows.length > 0 && !back.isPending) back.mutate(rows)
    },
  }
}

type MarkDeeds = ReturnType<typeof useMarkDeeds>

interface BarProps {
  marks: Marks<RequestRow>
  deeds: MarkDeeds
}

export function MarkBar({ marks, deeds }: BarProps) {
  const t = useWords()
  const marked = marks.rows.length
  return (
    <FloatingBar shown={marked > 0}>
      <span>{t('marked', { n: marked })}</span>
      <Button
        size="small"
        type="primary"
        icon={<PushpinOutlined />}
        disabled={deeds.reservable.length === 0}
        loading={deeds.busy}
        onClick={deeds.reserve}
      >
        {t('reserve', { n: deeds.reservable.length })}
      </Button>
      {deeds.returnable.length > 0 ? (
        <Button size="small" icon={<RollbackOutlined />} onClick={deeds.giveBack}>
          {t('giveBack', { n: deeds.returnable.length })}
        </Button>
      ) : null}
      <Button size="small" type="text" onClick={marks.clear}>
        {t('unmark')}
      </Button>
    </FloatingBar>
  )
}

/** Space, Shift with the arrows, and the deeds by their letters. */
export function useMarkKeys(
  rows: readonly RequestRow[],
  marks: Marks<RequestRow>,
  deeds: MarkDeeds,
  selected: RequestRow | null,
  select: (row: RequestRow) => void,
): PageKey[] {
  const t = useWords()
  const further = (by: number) => {
    const at = rows.findIndex((row) => row.id === selected?.id)
    const next = rows[at + by]
    if (!next) return
    marks.extend(selected?.id ?? null, next.id)
    select(next)
  }
  return [
    { combo: ' ', label: t('keyMark'), run: () => selected && marks.toggle(selected.id) },
    { combo: 'Shift+ArrowDown', label: t('keyMarkDown'), run: () => further(1) },
    { combo: 'Shift+ArrowUp', label: t('keyMarkUp'), run: () => further(-1) },
    { combo: 'r', label: t('keyReserve'), run: deeds.reserve },
    { combo: 'u', label: t('keyGiveBack'), run: deeds.giveBack },
    { combo: 'Escape', label: t('unmark'), run: marks.clear },
  ]
}
