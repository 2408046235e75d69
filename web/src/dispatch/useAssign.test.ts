import { expect, test } from 'vitest'
import { undoing } from './useAssign'

test('only what moved is taken back, to whoever had it', () => {
  const problem = { code: 'stale', zh: '', en: '', facts: {} }
  expect(
    undoing([
      { request_id: 'a', previous: null, problem: null },
      { request_id: 'b', previous: 'zhang', problem: null },
      { request_id: 'c', previous: null, problem },
    ]),
  ).toEqual([
    { request_id: 'a', person_id: null },
    { request_id: 'b', person_id: 'zhang' },
  ])
})
