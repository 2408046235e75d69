/** Separate administrators never share an account with another role. */
import { describe, expect, test } from 'vitest'
import { CLINICAL, SEPARATE, SUPERVISING, standingOf, withRole } from './roles'

const ALL = [...CLINICAL, ...SUPERVISING, ...SEPARATE]

describe('ticking a role', () => {
  test.each(SEPARATE)('%s stands alone whatever was ticked before', (role) => {
    expect(withRole([...CLINICAL], role, true)).toEqual([role])
  })

  test('any other role drives a separate one out', () => {
    for (const alone of SEPARATE)
      for (const other of [...CLINICAL, ...SUPERVISING])
        expect(withRole([alone], other, true)).toEqual([other])
  })

  test('clinical roles add up, and clearing takes only its own', () => {
    const both = withRole(['reader'], 'verifier', true)
    expect(both).toEqual(['reader', 'verifier'])
    expect(withRole(both, 'reader', false)).toEqual(['verifier'])
  })
})

test('what a role needs beside it', () => {
  for (const role of ALL) {
    const needs = standingOf([role])
    expect(needs.institution).toBe((CLINICAL as readonly string[]).includes(role))
    expect(needs.person).toBe(role === 'reader' || role === 'verifier')
    expect(needs.region).toBe(role === 'regulator')
  }
})
