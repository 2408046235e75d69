/** What the page is asked, read from its address; what the address leaves open fits the person. */
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { serverNow } from '../shared/now'
import type { Me } from '../shared/schema'
import { type Asked, type By, DIMENSIONS, SIDES, type Side, tallyQuery, URGENCIES } from './api'
import { isMonth, monthOf } from './numbers'

/** An institution sees itself only, so its services say more than one row; supervision sees places. */
function usualBy(me: Me): By {
  if (me.region === null) return 'service'
  return me.region.length >= 4 ? 'county' : 'city'
}

/** What a board is asked beyond the month and the side; kept while the table is looked at. */
export interface BoardAsked {
  view: 'table' | 'board'
  indicator: string | null
  area: string | null
}

export function useAsked(me: Me) {
  const [params, setParams] = useSearchParams()
  const thisMonth = monthOf(serverNow())
  const month = params.get('month')
  const base = {
    month: isMonth(month) && month <= thisMonth ? month : thisMonth,
    by: oneOf(DIMENSIONS, params.get('by')) ?? usualBy(me),
  }
  const view = me.region !== null && params.get('view') === 'board' ? 'board' : 'table'
  const chosen = oneOf(SIDES, params.get('side'))
  const side = useUsualSide(base, chosen === null) ?? 'provider'
  // Boards rank what was done in all.
  const urgency = view === 'board' ? null : oneOf(URGENCIES, params.get('urgency'))
  const asked: Asked = { ...base, side: chosen ?? side, urgency }
  const board: BoardAsked = {
    view,
    indicator: params.get('indicator'),
    area: params.get('area'),
  }
  const move = (next: Partial<Asked & BoardAsked>) => {
    const wanted = { ...asked, ...board, ...next }
    if (wanted.month > thisMonth) return
    // An indicator of one side may not be one of the other.
    if (wanted.side !== asked.side) wanted.indicator = null
    if (wanted.view === 'table') Object.assign(wanted, { indicator: null, area: null })
    const told = Object.entries(wanted).filter(([, value]) => value !== null && value !== 'table')
    setParams(told as [string, string][], { replace: true })
  }
  return { asked, board, thisMonth, move }
}

/** Most institutions only ask and never answer: theirs is the side that has something in it. */
function useUsualSide(base: Pick<Asked, 'month' | 'by'>, open: boolean): Side | null {
  const asked: Asked = { ...base, side: 'provider', urgency: null }
  const { data } = useQuery({ ...tallyQuery(asked), enabled: open })
  if (!open || data === undefined) return null
  const { submitted, issued } = data.total.values
  return submitted || issued ? 'provider' : 'requester'
}

function oneOf<Value extends string>(known: readonly Value[], text: string | null): Value | null {
  return known.find((each) => each === text) ?? null
}
