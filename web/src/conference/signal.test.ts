import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ConferenceMessage, LiveState } from '../live/socket'

const line = vi.hoisted(() => ({
  said: [] as Record<string, unknown>[],
  renewed: 0,
  hear: (_: unknown): void => undefined,
  tell: (_: string): void => undefined,
}))

vi.mock('../live/live', () => ({
  live: {
    say: (message: Record<string, unknown>) => {
      line.said.push(message)
      return true
    },
    renew: () => {
      line.renewed += 1
    },
  },
  onConference: (listener: (message: ConferenceMessage) => void) => {
    line.hear = listener as (message: unknown) => void
    return () => undefined
  },
  onLiveState: (listener: (state: LiveState) => void) => {
    line.tell = listener as (state: string) => void
    listener('live')
    return () => undefined
  },
}))

const { Signal } = await import('./signal')

const says = (event: string, more: object = {}) =>
  line.hear({ type: 'conference', id: 'a1', event, ...more })
const last = () => line.said.at(-1)

describe("a page's place in a conference", () => {
  beforeEach(() => {
    vi.useFakeTimers()
    line.said = []
    line.renewed = 0
  })

  it('enters, answers beats, and is back with the same page after the line was away', () => {
    const signal = new Signal('a1')
    signal.enter('audio')
    const entered = last()
    expect(entered).toMatchObject({ do: 'enter', id: 'a1', mode: 'audio' })
    expect(signal.send('note', { text: 'x' })).toBe(false)
    says('entered', { me: 'm1' })
    says('members', { members: [{ id: 'm1' }, { id: 'm2' }], media: 'peers' })
    expect([signal.state, signal.me, signal.members.length]).toEqual(['in', 'm1', 2])
    says('beat')
    expect(last()).toEqual({ do: 'here' })
    line.tell('lost')
    expect(signal.state).toBe('lost')
    expect(signal.members.length).toBe(2)
    line.tell('live')
    expect(last()).toEqual(entered)
    says('entered', { me: 'm1' })
    expect(signal.state).toBe('in')
  })

  it('gives up a line that carries nothing', () => {
    const signal = new Signal('a1')
    signal.enter('video')
    says('entered', { me: 'm1' })
    vi.advanceTimersByTime(8_000)
    says('beat')
    vi.advanceTimersByTime(8_000)
    expect([signal.state, line.renewed]).toEqual(['in', 0])
    vi.advanceTimersByTime(2_000)
    expect([signal.state, line.renewed]).toEqual(['lost', 1])
  })

  it('sends views a dozen times a second at most, the latest one wins', () => {
    const signal = new Signal('a1')
    signal.enter('video')
    says('entered', { me: 'm1' })
    for (let slice = 0; slice < 50; slice += 1) signal.send('view', { slice })
    signal.send('note', { n: 1 })
    vi.advanceTimersByTime(100)
    const sent = line.said.filter((one) => one.do === 'send')
    expect(sent.map((one) => [one.kind, one.data])).toEqual([
      ['note', { n: 1 }],
      ['view', { slice: 49 }],
    ])
  })

  it('hands on what is said in this conference, and nothing of another', () => {
    const signal = new Signal('a1')
    const heard: unknown[] = []
    signal.on<{ slice: number }>('view', ({ slice }, from) => heard.push([slice, from]))
    signal.enter('video')
    says('message', { kind: 'view', from: 'm2', data: { slice: 3 } })
    line.hear({ type: 'conference', id: 'other', event: 'message', kind: 'view', data: {} })
    expect(heard).toEqual([[3, 'm2']])
  })

  it('says why it was refused or closed, and is in nothing any more', () => {
    const refused = new Signal('a1')
    refused.enter('video')
    line.hear({ type: 'error', of: 'conference', code: 'not-found', zh: '', en: '' })
    expect([refused.state, refused.refusal?.code]).toEqual(['refused', 'not-found'])
    const closed = new Signal('a1')
    closed.enter('video')
    says('entered', { me: 'm1' })
    line.hear({ type: 'error', of: 'conference', code: 'too-many', zh: '', en: '' })
    expect(closed.state).toBe('in')
    says('closed', { why: 'other-page' })
    expect([closed.state, closed.why, closed.members]).toEqual(['closed', 'other-page', []])
  })

  it('answers a question to the media server once, or says that it failed', async () => {
    const signal = new Signal('a1')
    signal.enter('video')
    says('entered', { me: 'm1' })
    const asked = signal.askMedia('subscribe', { member: 'm2' })
    says('media', { op: 'subscribe', member: 'm2', offer: 'v=0' })
    expect(await asked).toMatchObject({ offer: 'v=0' })
    const late = signal.askMedia('publish', { offer: 'v=0' })
    vi.advanceTimersByTime(13_000)
    expect(await late).toEqual({ failed: true })
  })
})
