import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Renewal } from './renewal'

/** A list that is answered by hand, as late as one likes. */
describe('asking again after a fact', () => {
  let client: QueryClient
  let renewal: Renewal
  let answers: ((value: number) => void)[]
  let canceled: number
  const settled = () => new Promise((done) => setTimeout(done, 0))
  const shown = () => client.getQueryData(['worklist', 'mine'])

  beforeEach(() => {
    vi.useRealTimers()
    client = new QueryClient()
    renewal = new Renewal(client)
    answers = []
    canceled = 0
    const list = new QueryObserver(client, {
      queryKey: ['worklist', 'mine'],
      queryFn: ({ signal }) => {
        signal.addEventListener('abort', () => {
          canceled += 1
        })
        return new Promise<number>((answer) => answers.push(answer))
      },
    })
    list.subscribe(() => {})
  })

  it('asks at once for what is not being fetched', async () => {
    answers[0]?.(1)
    await settled()
    renewal.of('worklist')
    expect(answers).toHaveLength(2)
  })

  it('asks once more when a first answer that was on its way is there', async () => {
    renewal.of('worklist')
    renewal.of('worklist')
    answers[0]?.(1)
    await settled()
    expect(answers).toHaveLength(2)
    answers[1]?.(2)
    await settled()
    expect(shown()).toBe(2)
    expect(answers).toHaveLength(2)
  })

  it('cancels nothing: facts that come faster than the line still show what there is', async () => {
    answers[0]?.(1)
    await settled()
    for (let fact = 2; fact < 6; fact += 1) {
      renewal.of('worklist')
      renewal.of('worklist')
      answers[fact - 1]?.(fact)
      await settled()
      expect(shown()).toBe(fact)
    }
    expect(canceled).toBe(0)
  })

  it('leaves other nouns alone', async () => {
    answers[0]?.(1)
    await settled()
    renewal.of('studies')
    expect(answers).toHaveLength(1)
  })
})
