/**
 * The columns of the table: the server's indicators and two changes of the leading one.
 *
 * Which are shown is the person's choice, kept on this machine per side; before any choice it is
 * what the role is asked about most.
 */
import { useCallback, useState } from 'react'
import type { IndicatorOut, Me, TallyRow } from '../shared/schema'
import { pick } from '../shared/words'
import type { Side } from './api'
import { type Change, changeOf, compareValues } from './numbers'
import { say } from './words'

/** What a side's work is measured by first. */
export const LEADING: Record<Side, string> = { requester: 'submitted', provider: 'issued' }

export type Against = 'previous_month' | 'previous_year'

export interface ColumnOf {
  code: string
  label: string
  definition: string
  kind: string
  /** The indicator a click asks about, and the trend draws. */
  indicator: string
  /** A change column compares with this month; null for the indicator itself. */
  against: Against | null
}

export function columnsOf(indicators: readonly IndicatorOut[], side: Side): ColumnOf[] {
  const plain = indicators.map((each) => ({
    code: each.code,
    label: pick(each.label),
    definition: pick(each.definition),
    kind: each.kind,
    indicator: each.code,
    against: null,
  }))
  const lead = plain.find((column) => column.code === LEADING[side])
  if (lead === undefined) return plain
  const change = (code: 'mom' | 'yoy', against: Against): ColumnOf => ({
    ...lead,
    code,
    label: say(code === 'mom' ? 'momOf' : 'yoyOf', { name: lead.label }),
    definition: say(code === 'mom' ? 'momMeaning' : 'yoyMeaning'),
    against,
  })
  const at = plain.indexOf(lead) + 1
  return [
    ...plain.slice(0, at),
    change('mom', 'previous_month'),
    change('yoy', 'previous_year'),
    ...plain.slice(at),
  ]
}

export function changeIn(row: TallyRow, column: ColumnOf, against: Against): Change {
  const { indicator, kind } = column
  return changeOf(row.values[indicator], row[against][indicator], kind)
}

/** What a column sorts by: the value, or how far it moved. */
function weight(row: TallyRow, column: ColumnOf): number | null {
  const now = row.values[column.indicator] ?? null
  if (column.against === null) return now
  const before = row[column.against][column.indicator] ?? null
  return now === null || before === null || before <= 0 ? null : (now - before) / before
}

export interface Order {
  code: string
  descending: boolean
}

export function sortRows(rows: TallyRow[], columns: readonly ColumnOf[], order: Order | null) {
  if (order === null) return rows
  const sign = order.descending ? -1 : 1
  if (order.code === 'name')
    return [...rows].sort((a, b) => sign * a.name.localeCompare(b.name, 'zh-CN'))
  const column = columns.find((each) => each.code === order.code)
  if (column === undefined) return rows
  return [...rows].sort((a, b) =>
    compareValues(weight(a, column), weight(b, column), order.descending),
  )
}

// --- which are shown ----------------------------------------------------------------------------

const DEFAULTS: Record<Side, Record<string, readonly string[]>> = {
  provider: {
    institution_admin: [
      'issued',
      'mom',
      'yoy',
      'turnaround_median',
      'turnaround_p90',
      'on_time_share',
      'positive_share',
      'critical',
      'return_rate',
      'amended_rate',
      'adoption_share',
    ],
    coordinator: [
      'submitted',
      'issued',
      'turnaround_median',
      'turnaround_p90',
      'on_time_share',
      'returned',
      'declined',
      'redirected',
      'critical',
    ],
    regulator: [
      'submitted',
      'issued',
      'mom',
      'yoy',
      'turnaround_median',
      'on_time_share',
      'return_rate',
      'adoption_share',
      'critical',
    ],
  },
  requester: {
    institution_admin: [
      'submitted',
      'mom',
      'yoy',
      'issued',
      'positive_share',
      'critical',
      'acknowledging_median',
      'acknowledged_on_time_share',
      'return_rate',
      'owing_minutes',
      'owing_median',
      'withdrawn',
      'adoption_share',
    ],
    coordinator: [
      'submitted',
      'issued',
      'returned',
      'owing_minutes',
      'owing_median',
      'withdrawn',
      'critical',
      'acknowledged',
    ],
    regulator: [
      'submitted',
      'mom',
      'yoy',
      'issued',
      'acknowledged_on_time_share',
      'return_rate',
      'owing_median',
      'adoption_share',
      'critical',
    ],
  },
}
const ROLES = ['regulator', 'institution_admin', 'coordinator'] as const

export function defaultColumns(me: Me, side: Side): readonly string[] {
  const role = ROLES.find((each) => me.roles.includes(each)) ?? 'institution_admin'
  return DEFAULTS[side][role] ?? []
}

export function useShownColumns(me: Me, side: Side) {
  const place = `telemed.tally.columns.${side}`
  const [chosen, setChosen] = useState<Record<string, readonly string[] | null>>({})
  const kept = place in chosen ? chosen[place] : readKept(place)
  const choose = useCallback(
    (codes: readonly string[] | null) => {
      if (codes === null) localStorage.removeItem(place)
      else localStorage.setItem(place, JSON.stringify(codes))
      setChosen((before) => ({ ...before, [place]: codes }))
    },
    [place],
  )
  return [kept ?? defaultColumns(me, side), choose] as const
}

function readKept(place: string): readonly string[] | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? 'null')
    return Array.isArray(kept) && kept.every((code) => typeof code === 'string') ? kept : null
  } catch {
    // What another version of the client kept cannot be read: the defaults are good enough.
    return null
  }
}
