import { describe, expect, it } from 'vitest'
import type { SlotOut } from '../shared/schema'
import { daysFor, nearestOf, wishOf } from './wished'

const service = { wished: { at: 'planned_at', minutes: 'minutes' } }
const now = Date.parse('2026-03-05T08:00:00Z')

function slot(since: string): SlotOut {
  return { since, until: since, sitting: [], resources: [], spare: 0 }
}

describe('the wished time of a case', () => {
  it('is read from the field that its service names', () => {
    const content = { planned_at: '2026-03-06T01:30:40Z', minutes: '90' }
    expect(wishOf({ content }, service)).toEqual({
      at: Date.parse('2026-03-06T01:30:00Z'),
      minutes: 90,
    })
    expect(wishOf({ content: { planned_at: '' } }, service)).toBeUndefined()
    expect(wishOf({ content }, { wished: null })).toBeUndefined()
    expect(wishOf({ content }, undefined)).toBeUndefined()
  })
  it('is no longer than can be booked, and says no length that is not given', () => {
    const at = '2026-03-06T01:30:00Z'
    expect(wishOf({ content: { planned_at: at, minutes: 900 } }, service)?.minutes).toBe(480)
    expect(wishOf({ content: { planned_at: at, minutes: '' } }, service)).toEqual({
      at: Date.parse(at),
    })
  })
})

describe('the days of the first search', () => {
  it('begin on the wished day, in the zone of Guangxi', () => {
    const at = Date.parse('2026-03-09T17:00:00Z')
    expect(daysFor({ at }, now)).toEqual(['2026-03-10', '2026-03-23'])
  })
  it('begin today without a wish, and where it is past', () => {
    expect(daysFor(undefined, now)).toEqual(['2026-03-05', '2026-03-18'])
    expect(daysFor({ at: now - 9e9 }, now)).toEqual(['2026-03-05', '2026-03-18'])
  })
  it('stay within what can be searched', () => {
    expect(daysFor({ at: now + 99e9 }, now)).toEqual(['2026-06-04', '2026-06-04'])
  })
})

describe('the nearest slot', () => {
  it('may be before or after', () => {
    const slots = ['2026-03-06T01:00:00Z', '2026-03-06T02:00:00Z', '2026-03-06T04:00:00Z'].map(slot)
    const near = (at: string) => nearestOf(slots, Date.parse(at))?.since
    expect(near('2026-03-06T01:30:00Z')).toBe('2026-03-06T01:00:00Z')
    expect(near('2026-03-06T03:10:00Z')).toBe('2026-03-06T04:00:00Z')
    expect(nearestOf([], now)).toBeUndefined()
  })
})
