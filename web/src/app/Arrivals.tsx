/**
 * What arrives for a reader while they are elsewhere: the tab's badge, a sound by urgency, a toast.
 *
 * Only stat and urgent requests of services that the person may take speak up; the rest is in the
 * count. A toast waits its turn for a screen reader; nothing here has to be answered.
 */
import { useQuery } from '@tanstack/react-query'
import { App } from 'antd'
import { useCallback } from 'react'
import { useLocation } from 'react-router'
import { useActivities } from '../live/live'
import type { LiveActivity } from '../live/socket'
import { headQuery } from '../reading/api'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { useMe } from '../session/session'
import { useBadge } from '../shared/badge'
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

export function Arrivals() {
  const t = useWords()
  const me = useMe()
  const catalogue = useCatalogue()
  const { message } = App.useApp()
  const { pathname } = useLocation()
  const { data } = useQuery(headQuery('pool'))
  const onDesk = pathname === '/work'
  useBadge('pool', data?.counts.pool ?? 0, data?.counts.stat ?? 0, t(onDesk ? 'work' : 'product'))
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
