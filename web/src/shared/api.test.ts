import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, within } from './api'
import { toProblem } from './problem'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A line on which nothing ever comes back. */
function silence() {
  const asked: Request[] = []
  vi.stubGlobal('fetch', (request: Request, more?: RequestInit) => {
    asked.push(request)
    return new Promise((_, reject) => {
      more?.signal?.addEventListener('abort', () => reject(more.signal?.reason))
    })
  })
  return asked
}

describe('a line that answers nobody', () => {
  it('is given up as one that broke', async () => {
    vi.useFakeTimers()
    vi.stubGlobal('location', { origin: 'http://localhost', href: 'http://localhost/' })
    const asked = silence()
    const answer = api.GET('/api/catalogue', { baseUrl: 'http://localhost' }).catch(toProblem)
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await answer).toMatchObject({ code: 'offline' })
    expect(asked).toHaveLength(1)
  })

  it('does not lose what is being written', async () => {
    vi.useFakeTimers()
    silence()
    const settled = vi.fn()
    void api
      .POST('/api/notices/read', { baseUrl: 'http://localhost' } as never)
      .then(settled, settled)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(settled).not.toHaveBeenCalled()
  })

  it('ends earlier when whoever asked wants it no more', () => {
    const asked = new AbortController()
    const signal = within(30_000, asked.signal)
    asked.abort(new Error('left'))
    expect(signal.aborted && signal.reason).toMatchObject({ message: 'left' })
  })
})
