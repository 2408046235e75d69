import { beforeEach, describe, expect, it, vi } from 'vitest'
import { backOff, LiveSocket } from './socket'

/** A WebSocket's face, driven by hand: the network is the only thing that is not real here. */
class Wire {
  readyState = 1
  answers = true
  sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  send(text: string): void {
    const message = JSON.parse(text) as { type: string }
    if (message.type === 'ping' && this.answers) this.says({ type: 'pong' })
    else this.sent.push(message)
  }
  close(): void {
    this.readyState = 3
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

const fact = (seq: number) => ({
  seq,
  kind: 'request.submitted',
  at: '2026-11-22T02:00:00Z',
  request_id: `r${seq}`,
  study_id: null,
})

describe('the live line', () => {
  let wires: Wire[]
  let heard: { seqs: number[]; reloads: number; states: string[]; signedOut: number }
  let line: LiveSocket
  const last = () => {
    const wire = wires.at(-1)
    if (!wire) throw new Error('no socket was opened')
    return wire
  }

  beforeEach(() => {
    vi.useFakeTimers()
    wires = []
    heard = { seqs: [], reloads: 0, states: [], signedOut: 0 }
    line = new LiveSocket(
      () => 'ws://here/live',
      {
        activities: (items) => heard.seqs.push(...items.map((i) => i.seq)),
        reload: () => {
          heard.reloads += 1
        },
        state: (s) => heard.states.push(s),
        signedOut: () => {
          heard.signedOut += 1
        },
      },
      () => {
        const wire = new Wire()
        wires.push(wire)
        return wire as unknown as WebSocket
      },
    )
    line.start()
    last().onopen?.()
  })

  it('resumes from the last fact it saw and never takes one twice', () => {
    expect(last().sent).toEqual([{ type: 'hello', since: null, presence: true }])
    last().says({ type: 'welcome', answer: 'up-to-date', seq: 4 })
    last().says({ type: 'activities', items: [fact(5), fact(6)] })
    last().onclose?.({ code: 1013 })
    vi.runOnlyPendingTimers()
    last().onopen?.()
    expect(last().sent).toEqual([{ type: 'hello', since: 6, presence: true }])
    last().says({ type: 'welcome', answer: 'here-they-are', seq: 8 })
    last().says({ type: 'activities', items: [fact(6), fact(7), fact(8)] })
    expect(heard.seqs).toEqual([5, 6, 7, 8])
    expect(heard.reloads).toBe(0)
  })

  it('begins at what the page was fetched after, and never goes back to it', () => {
    const page = new LiveSocket(
      () => 'ws://here/live',
      { activities: () => {}, reload: () => {}, state: () => {}, signedOut: () => {} },
      () => {
        const wire = new Wire()
        wires.push(wire)
        return wire as unknown as WebSocket
      },
    )
    page.from(undefined) // by a server of the version before
    page.from(4)
    page.start()
    last().onopen?.()
    expect(last().sent).toEqual([{ type: 'hello', since: 4, presence: true }])
    last().says({ type: 'welcome', answer: 'here-they-are', seq: 5 })
    last().says({ type: 'activities', items: [fact(5)] })
    page.from(9)
    last().onclose?.({ code: 1012 })
    vi.runOnlyPendingTimers()
    last().onopen?.()
    expect(last().sent).toEqual([{ type: 'hello', since: 5, presence: true }])
  })

  it.each(['too-old', 'ahead'])('fetches everything anew when the server says %s', (answer) => {
    last().says({ type: 'welcome', answer: 'up-to-date', seq: 9 })
    last().onclose?.({ code: 1012 })
    vi.runOnlyPendingTimers()
    last().onopen?.()
    last().says({ type: 'welcome', answer, seq: 3 })
    expect(heard.reloads).toBe(1)
    last().says({ type: 'activities', items: [fact(4)] })
    expect(heard.seqs).toEqual([4])
  })

  it('asks for a sign-in and stays away when the session has ended', () => {
    last().says({ type: 'welcome', answer: 'up-to-date', seq: 1 })
    last().onclose?.({ code: 4401 })
    vi.advanceTimersByTime(120_000)
    expect(heard.signedOut).toBe(1)
    expect(wires).toHaveLength(1)
  })

  it('keeps telling of held cases until the last holder lets go', () => {
    last().says({ type: 'welcome', answer: 'up-to-date', seq: 1 })
    const first = line.hold('case-1')
    const second = line.hold('case-1')
    first()
    expect(last().sent.at(-1)).toEqual({ type: 'presence', requests: ['case-1'] })
    last().sent = []
    vi.advanceTimersByTime(15_000)
    expect(last().sent).toEqual([{ type: 'presence', requests: ['case-1'] }])
    last().sent = []
    second()
    expect(last().sent).toEqual([{ type: 'presence', requests: [] }])
    last().sent = []
    vi.advanceTimersByTime(30_000)
    expect(last().sent).toEqual([])
  })

  it('gives up a line that says nothing any more, and resumes on another', () => {
    last().says({ type: 'welcome', answer: 'up-to-date', seq: 7 })
    vi.advanceTimersByTime(60_000)
    expect(wires).toHaveLength(1)
    const dead = last()
    dead.sent = []
    dead.answers = false
    vi.advanceTimersByTime(10_000)
    expect(dead.sent).toEqual([{ type: 'ping' }])
    vi.advanceTimersByTime(10_000)
    expect(dead.readyState).toBe(3)
    expect(heard.states.at(-1)).toBe('lost')
    vi.advanceTimersByTime(500)
    expect(wires).toHaveLength(2)
    last().onopen?.()
    expect(last().sent).toEqual([{ type: 'hello', since: 7, presence: true }])
    dead.onclose?.({ code: 1006 })
    expect(wires).toHaveLength(2)
  })

  it('gives up a line that never opens', () => {
    last().answers = false
    vi.advanceTimersByTime(20_500)
    expect(wires).toHaveLength(2)
  })

  it('spreads two thousand pages that come back after a restart over the whole wait', () => {
    const waits = Array.from({ length: 2000 }, () => backOff(2, Math.random()))
    const tenths = new Map<number, number>()
    for (const wait of waits) {
      const tenth = Math.floor((wait - 1000) / 100)
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1)
    }
    expect([...tenths.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(Math.max(...tenths.values())).toBeLessThan(300)
  })

  it('backs off further after each failure, spread, and never past 20 s', () => {
    expect(backOff(0, 0)).toBe(250)
    expect(backOff(0, 1)).toBe(500)
    expect(backOff(3, 1)).toBe(4000)
    expect(backOff(30, 1)).toBe(20_000)
  })
})
