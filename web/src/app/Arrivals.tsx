/**
 * What arrives for a reader while they are elsewhere: the tab's badge, a sound by urgency, a toast.
 *
 * Only stat and urgent requests of services that the person may take speak up; the rest is in the
 * count. A toast waits its turn for a screen reader; nothing here has to be answered.
 */
import { useQuery } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { useCallback, useEffect, useRef } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { useActivities } from '../live/live'
import type { LiveActivity } from '../live/socket'
import { headQuery } from '../reading/api'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { useMe } from '../session/session'
import { useBadge } from '../shared/badge'
import type { RequestRow } from '../shared/schema'
import { ringOnce } from './chime'
import { useWords } from './words'

const ARRIVE = new Set(['request.submitted', 'request.resubmitted', 'request.redirected'])

/** The most urgent of what arrived for this institution in services that may be taken. */
export function mostUrgent(
  items: readonly LiveActivity[],
  place: string | undefined,
  takes: ReadonlySet<string>,
): LiveActivity | null {
  const here = items.filter(
    (each) => ARRIVE.has(each.kind) && each.provider === place && takes.has(each.service ?? ''),
  )
  return (
    here.find((each) => each.urgency === 'stat') ??
    here.find((each) => each.urgency === 'urgent') ??
    null
  )
}

interface Kept {
  scheduled_performer: { since: string } | null
}

/** The latest moment at which any of these was assigned; empty where none was. */
export function latestOf(rows: readonly Kept[]): string {
  return rows.reduce((last, row) => {
    const since = row.scheduled_performer?.since ?? ''
    return since > last ? since : last
  }, '')
}

/** What was assigned after a moment; nothing at the first look, which knows no moment. */
export function newlyAssigned<Row extends Kept>(after: string | null, rows: readonly Row[]): Row[] {
  if (after === null) return []
  return rows.filter((row) => (row.scheduled_performer?.since ?? '') > after)
}

/** Says aloud what a coordinator has just assigned; the urgent sound as urgent arrivals do. */
function useAssigned(rows: readonly RequestRow[] | undefined): void {
  const t = useWords()
  const { message } = App.useApp()
  // A toast is drawn outside of the router: it is given the way, not a link.
  const go = useNavigate()
  const latest = useRef<string | null>(null)
  useEffect(() => {
    if (rows === undefined) return
    const fresh = newlyAssigned(latest.current, rows)
    const last = latestOf(rows)
    if (latest.current === null || last > latest.current) latest.current = last
    if (fresh.length === 0) return
    const loudest = (['stat', 'urgent'] as const).find((urgency) =>
      fresh.some((row) => row.urgency === urgency),
    )
    if (loudest) ringOnce(loudest)
    void message.open({
      key: 'assigned',
      type: loudest === 'stat' ? 'warning' : 'info',
      duration: 6,
      content: (
        <>
          {t('assigned', { n: fresh.length })}{' '}
          <Button type="link" size="small" onClick={() => void go('/work?tab=assigned')}>
            {t('look')}
          </Button>
        </>
      ),
    })
  }, [rows, message, t, go])
}

export function Arrivals() {
  const t = useWords()
  const me = useMe()
  const catalogue = useCatalogue()
  const { message } = App.useApp()
  const { pathname } = useLocation()
  const { data } = useQuery(headQuery('pool'))
  const reads = me.permissions.includes('write-reports')
  const assigned = useQuery({ ...headQuery('assigned'), enabled: reads }).data
  useAssigned(assigned?.items)
  const onDesk = pathname === '/work'
  const name = t(onDesk ? 'work' : 'product')
  useBadge('pool', data?.counts.pool ?? 0, data?.counts.stat ?? 0, name)
  const stat = assigned?.items.filter((row) => row.urgency === 'stat').length ?? 0
  useBadge('assigned', assigned?.counts.assigned ?? 0, stat, name)
  const services = data?.services
  const place = me.institution?.id
  const hear = useCallback(
    (items: readonly LiveActivity[]) => {
      const takes = new Set(services?.filter((each) => !each.why_not).map((each) => each.code))
      const first = mostUrgent(items, place, takes)
      if (first === null) return
      const stat = first.urgency === 'stat'
      ringOnce(stat ? 'stat' : 'urgent')
      void message.open({
        key: 'arrival',
        type: stat ? 'warning' : 'info',
        duration: 6,
        content: t(stat ? 'statArrived' : 'urgentArrived', {
          service: serviceLabel(catalogue, first.service ?? ''),
        }),
      })
    },
    [services, place, catalogue, message, t],
  )
  useActivities(hear)
  return null
}
