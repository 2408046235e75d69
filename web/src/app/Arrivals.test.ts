import { expect, test, vi } from 'vitest'
import type { LiveActivity } from '../live/socket'

vi.stubGlobal('AudioContext', class {})
const { latestOf, mostUrgent, newlyAssigned } = await import('./Arrivals')

const fact = (kind: string, urgency: string, more: Partial<LiveActivity> = {}): LiveActivity => ({
  seq: 1,
  kind,
  at: '2026-03-05T08:00:00Z',
  request_id: 'r',
  study_id: null,
  service: 'imaging',
  provider: 'hub',
  urgency,
  ...more,
})
const takes = new Set(['imaging'])

test('the most urgent arrival speaks up, and only for whom it is', () => {
  const two = [fact('request.submitted', 'urgent'), fact('request.resubmitted', 'stat')]
  expect(mostUrgent(two, 'hub', takes)?.urgency).toBe('stat')
  expect(mostUrgent(two, 'second', takes)).toBeNull()
  expect(mostUrgent(two, 'hub', new Set(['ecg']))).toBeNull()
})

test('routine requests and other facts are silent', () => {
  expect(mostUrgent([fact('request.submitted', 'routine')], 'hub', takes)).toBeNull()
  expect(mostUrgent([fact('workitem.claimed', 'stat')], 'hub', takes)).toBeNull()
})

test('what was assigned since the last look is new, and nothing is at the first', () => {
  const at = (since: string) => ({ scheduled_performer: { since } })
  const rows = [at('2026-03-05T08:00:00Z'), at('2026-03-05T09:00:00Z')]
  expect(newlyAssigned(null, rows)).toEqual([])
  expect(latestOf(rows)).toBe('2026-03-05T09:00:00Z')
  expect(newlyAssigned('2026-03-05T08:00:00Z', rows)).toEqual([rows[1]])
  expect(newlyAssigned(latestOf([]), rows)).toEqual(rows)
})
