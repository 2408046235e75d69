import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Local } from './local'
import { Peers, patienceFor } from './peers'
import type { Member, Signal } from './signal'

it('gives a line that is begun anew longer each time, to most of a minute', () => {
  const given = [0, 1, 2, 3, 4, 5, 9].map(patienceFor)
  expect(given).toEqual([6_000, 6_000, 12_000, 24_000, 48_000, 48_000, 48_000])
})

/** As much of a browser's line as can be begun, lost and begun anew. */
class FakeLine {
  static made: FakeLine[] = []
  connectionState = 'connected'
  signalingState = 'stable'
  localDescription: { type: string; sdp: string } | null = null
  remoteDescription = null
  restarts = 0
  onnegotiationneeded = () => undefined
  onconnectionstatechange = () => undefined
  constructor() {
    FakeLine.made.push(this)
  }
  getTransceivers = () => [
    {
      sender: { track: null, replaceTrack: async () => undefined },
      receiver: { getSynchronizationSources: () => [] },
      currentDirection: null,
    },
  ]
  addTransceiver = () => this.getTransceivers()[0]
  getStats = async () => new Map()
  setConfiguration = () => undefined
  setLocalDescription = async () => {
    this.localDescription = { type: 'offer', sdp: `offer ${this.restarts}` }
  }
  restartIce = () => {
    this.restarts += 1
    this.onnegotiationneeded()
  }
  close = () => undefined
  fall = () => {
    this.connectionState = 'failed'
    this.onconnectionstatechange()
  }
}

/** A page in a conference of two: what it hears, and what it said. */
function page(me: string) {
  const said: { kind: string; data: Record<string, unknown> }[] = []
  const hear = new Map<string, (data: object, from: string) => void>()
  const members = ['a', 'b'].map((id) => ({ id, page: `page ${id}`, mode: 'video' }) as Member)
  const signal = {
    state: 'in',
    me,
    members,
    on: (kind: string, listener: (data: object, from: string) => void) => {
      hear.set(kind, listener)
      return () => undefined
    },
    watch: () => () => undefined,
    send: (kind: string, data: Record<string, unknown>) => said.push({ kind, data }),
  }
  const local = { watch: () => () => undefined, extras: [], sources: [], sentExtras: [] }
  const ice = { servers: [], relayOnly: false }
  const peers = new Peers(
    signal as unknown as Signal,
    local as unknown as Local,
    ice,
    async () => ice,
  )
  return { said, hear, peers, line: FakeLine.made.at(-1) as FakeLine }
}

describe('a direct line that is lost', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    FakeLine.made = []
    vi.stubGlobal('RTCPeerConnection', FakeLine)
    vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('is begun anew by one side, and asked for by the other', async () => {
    const [first, second] = [page('a'), page('b')]
    for (const one of [first, second]) one.line.fall()
    await vi.advanceTimersByTimeAsync(100)
    expect(first.said.map(({ data }) => data.description)).toMatchObject([{ type: 'offer' }])
    expect(second.said.map(({ data }) => data)).toEqual([
      { to: 'page a', of: 'page b', wanted: true },
    ])
    first.line.connectionState = 'connected'
    first.line.onconnectionstatechange()
    await vi.advanceTimersByTimeAsync(7_000)
    expect(first.line.restarts).toBe(1)
    first.hear.get('offer')?.(second.said[0]?.data ?? {}, 'b')
    await vi.advanceTimersByTimeAsync(100)
    expect(first.line.restarts).toBe(2)
    second.hear.get('offer')?.({ ...second.said[0]?.data, to: 'page b', of: 'page a' }, 'a')
    await vi.advanceTimersByTimeAsync(100)
    expect(second.line.restarts).toBe(0)
    expect(second.said.every(({ data }) => data.description === undefined)).toBe(true)
    for (const one of [first, second]) one.peers.stop()
  })
})
