import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Autosave } from './autosave'
import { ProblemError } from './problem'

const refusal = (status: number, code: string) =>
  new ProblemError(status, { code, zh: code, en: code, facts: {} })

describe('autosave', () => {
  let saved: string[]
  let next: (() => Promise<void>) | null
  let keeper: Autosave<string>

  beforeEach(() => {
    vi.useFakeTimers()
    saved = []
    next = null
    keeper = new Autosave<string>(async (value) => {
      const hurdle = next
      next = null
      if (hurdle) await hurdle()
      saved.push(value)
    }, 800)
  })

  it('saves once when the typing rests', async () => {
    for (const text of ['左', '左肺', '左肺上叶']) {
      keeper.change(text)
      await vi.advanceTimersByTimeAsync(500)
    }
    expect(saved).toEqual([])
    await vi.advanceTimersByTimeAsync(800)
    expect(saved).toEqual(['左肺上叶'])
    expect(keeper.look().state).toBe('clean')
  })

  it('keeps words typed while a save is under way, and never saves two at once', async () => {
    let finish: () => void = () => {}
    next = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    keeper.change('a')
    await vi.advanceTimersByTimeAsync(800)
    keeper.change('ab')
    await vi.advanceTimersByTimeAsync(5000)
    expect(saved).toEqual([])
    finish()
    await vi.advanceTimersByTimeAsync(1000)
    expect(saved).toEqual(['a', 'ab'])
  })

  it.each([
    [0, 'offline'],
    [401, 'not-signed-in'],
    [503, 'unavailable'],
  ])('tries again after %i, with the newest words', async (status, code) => {
    next = () => Promise.reject(refusal(status, code))
    keeper.change('one')
    await vi.advanceTimersByTimeAsync(800)
    expect(keeper.look().state).toBe('retrying')
    keeper.change('two')
    await vi.advanceTimersByTimeAsync(5000)
    expect(saved).toEqual(['two'])
    expect(keeper.look()).toMatchObject({ state: 'clean', error: null })
  })

  it('stops and keeps the words when somebody else changed the text', async () => {
    next = () => Promise.reject(refusal(409, 'stale'))
    keeper.change('mine')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(keeper.look().state).toBe('stopped')
    expect(saved).toEqual([])
    await keeper.flush()
    expect(saved).toEqual(['mine'])
  })

  it('lets nobody sign what could not be saved', async () => {
    next = () => Promise.reject(refusal(409, 'stale'))
    keeper.change('mine')
    await expect(keeper.flush()).rejects.toMatchObject({ code: 'stale' })
  })
})
