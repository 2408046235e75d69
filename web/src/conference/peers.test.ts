import { describe, expect, it } from 'vitest'
import { patienceFor } from './peers'

describe('a line that is begun anew', () => {
  it('is given longer each time, to most of a minute', () => {
    const given = [1, 2, 3, 4, 5, 9].map((tries) => patienceFor(tries, false))
    expect(given).toEqual([6_000, 12_000, 24_000, 48_000, 48_000, 48_000])
  })

  it('is begun by one side first', () => {
    for (let tries = 0; tries < 8; tries += 1)
      expect(patienceFor(tries, true)).toBeGreaterThan(patienceFor(tries, false))
  })
})
