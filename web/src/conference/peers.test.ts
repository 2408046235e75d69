import { expect, it } from 'vitest'
import { patienceFor } from './peers'

it('gives a line that is begun anew longer each time, to most of a minute', () => {
  const given = [0, 1, 2, 3, 4, 5, 9].map(patienceFor)
  expect(given).toEqual([6_000, 6_000, 12_000, 24_000, 48_000, 48_000, 48_000])
})
