/** A first password is long enough, sayable, and no sign is favoured. */
import { expect, test } from 'vitest'
import { makePassword } from './password'

test('four groups of four signs that do not look alike', () => {
  for (let round = 0; round < 50; round += 1)
    expect(makePassword()).toMatch(/^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){3}$/)
})

test('bytes that would favour the first signs are thrown away', () => {
  let calls = 0
  const made = makePassword((bytes) => {
    calls += 1
    return bytes.fill(calls === 1 ? 255 : 0)
  })
  expect(calls).toBe(2)
  expect(made).toBe('aaaa-aaaa-aaaa-aaaa')
})
