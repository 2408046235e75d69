/** Browsers are named by what they are, not by what they pretend to be first. */
import { expect, test } from 'vitest'
import { browserWords } from './agents'

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'

test.each([
  [`${WINDOWS} Chrome/120.0.0.0 Safari/537.36`, 'Chrome 120 · Windows'],
  [`${WINDOWS} Chrome/120.0.0.0 Safari/537.36 Edg/121.0.0.0`, 'Edge 121 · Windows'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15',
    'Safari 17 · macOS',
  ],
  ['curl/8.1', 'curl/8.1'],
  ['', '—'],
])('%s', (agent, words) => {
  expect(browserWords(agent)).toBe(words)
})
