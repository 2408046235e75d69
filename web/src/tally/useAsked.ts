/** What the page is asked, read from its address; what the address leaves open fits the person. */
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { serverNow } from '../shared/now'
import type { Me } from '../shared/schema'
import { type Asked, type By, DIMENSIONS, SIDES, type Side, tallyQuery } from './api'
import { isMonth, monthOf } from './numbers'

/** An institution sees itself only, so its services say more than one row; supervision sees places. */
function usualBy(me: Me): By {
  if (me.region === null) return 'service'
  return me.region.length >= 4 ? 'county' : 'city'
}

export function useAsked(me: Me) {
  const [params, setParams] = useSearchParams()
  const thisMonth = monthOf(serverNow())
  const month = params.get('month')
  const base = {
    month: isMonth(month) && month <= thisMonth ? month : thisMonth,
    by: oneOf(DIMENSIONS, params.get('by')) ?? usualBy(me),
  }
  const chosen = oneOf(SIDES, params.get('side'))
  const side = useUsualSide(base, chosen === null) ?? 'provider'
  const asked: Asked = { ...base, side: chosen ?? side }
  const move = (next: Partial<Asked>) => {
    const wanted = { ...asked, ...next }
    if (wanted.month > thisMonth) return
    setParams(wanted as unknown as Record<string, string>, { replace: true })
  }
  return { asked, thisMonth, move }
}

/** Most institutions only ask and never answer: theirs is the side that has something in it. */
function useUsualSide(base: Omit<Asked, 'side'>, open: boolean): Side | null {
  const { data } = useQuery({ ...tallyQuery({ ...base, side: 'provider' }), enabled: open })
  if (!open || data === undefined) return null
  const { submitted, issued } = data.total.values
  return submitted || issued ? 'provider' : 'requester'
}

function oneOf<Value extends string>(known: readonly Value[], text: string | null): Value | null {
  return known.find((each) => each === text) ?? null
}
