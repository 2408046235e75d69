/**
 * Pictures and voices from member to member.
 *
 * Of two members the one with the smaller id makes every offer, with lines that stay: voice, camera,
 * screen, and one for each picture of an operation beside the first. What is muted, switched off or
 * shared later changes what is sent on a line and nothing else, so only a lost line is negotiated
 * anew (an ICE restart); the other side asks for it. Two offers at once would have to be rolled back,
 * after which Chromium may decode a picture and show it nowhere. Messages say for which page they
 * are: one that was meant for a page before a reload is nobody's.
 */
import { Counter, qualityOf, readingOf } from './line'
import { type Local, RATES } from './local'
import type { Member, Signal } from './signal'
import { type Reading, worst } from './steps'
import {
  COUNT_MS,
  emptyRemote,
  type Ice,
  LOUD,
  loudness,
  preferOpus,
  preferVp8,
  type Remote,
  rateOf,
  sendTrack,
  type Transport,
  take,
  VOICE_FIRST,
  WATCH_MS,
} from './transport'

/** An offer that nobody has answered for so long was lost, and is sent again. */
const UNANSWERED_MS = 4_000
/** A line that is away for so long is begun anew; shorter gaps heal by themselves. */
const AWAY_MS = 4_000
const RESTART_MS = 6_000
const MOST_RESTART_MS = 48_000
const GATHER_MS = 60

/**
 * How long a line that was begun anew is given to come up, by how often that was in vain. Beginning
 * again ends what was under way: on a slow line, or a busy computer, a fixed time would never do.
 */
export const patienceFor = (tries: number): number =>
  Math.min(MOST_RESTART_MS, RESTART_MS * 2 ** Math.max(0, tries - 1))

interface Words {
  /** The page it is for, and the page it is from. */
  to: string | null
  of: string | null
  description?: RTCSessionDescriptionInit
  candidates?: RTCIceCandidateInit[]
  /** Whoever makes no offers asks for one. */
  wanted?: boolean
}

class Peer {
  readonly line: RTCPeerConnection
  readonly remote: Remote
  offeredAt = 0
  awayAt = 0
  restartedAt = Number.NEGATIVE_INFINITY
  /** How often in a row it was begun anew. */
  tries = 0
  early: RTCIceCandidateInit[] = []
  gathered: RTCIceCandidateInit[] = []
  gatherDue: ReturnType<typeof setTimeout> | undefined
  readonly counter = new Counter()
  /** What happens to the line happens one after the other. */
  turn: Promise<void> = Promise.resolve()

  constructor(
    readonly member: Member,
    /** Whether this side makes the offers. */
    readonly offers: boolean,
    ice: Ice,
  ) {
    this.remote = emptyRemote(member.id)
    this.line = new RTCPeerConnection(configured(ice))
  }

  get lines(): RTCRtpTransceiver[] {
    return this.line.getTransceivers()
  }
}

const configured = (ice: Ice): RTCConfiguration => ({
  iceServers: ice.servers,
  iceTransportPolicy: ice.relayOnly ? 'relay' : 'all',
  bundlePolicy: 'max-bundle',
})

export class Peers implements Transport {
  remotes: ReadonlyMap<string, Remote> = new Map()
  reading: Reading | null = null
  private readonly peers = new Map<string, Peer>()
  private readonly watchers = new Set<() => void>()
  private readonly ends: (() => void)[] = []
  private wasIn = true

  constructor(
    private readonly signal: Signal,
    private readonly local: Local,
    private ice: Ice,
    /** Fresh servers: the passes of those one has may have ended. */
    private readonly freshIce: () => Promise<Ice>,
  ) {
    const timers = [
      setInterval(() => this.look(), WATCH_MS),
      setInterval(() => void this.count(), COUNT_MS),
    ]
    this.ends.push(
      signal.on('members', () => this.follow()),
      signal.on<Words>('offer', (words, from) => this.hear(words, from)),
      signal.on<Words>('answer', (words, from) => this.hear(words, from)),
      signal.on<Words>('candidate', (words, from) => this.hear(words, from)),
      signal.watch(() => this.noticeSignal()),
      local.watch(() => this.sendAll()),
      () => timers.forEach(clearInterval),
    )
    this.follow()
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  stop(): void {
    for (const end of this.ends.splice(0)) end()
    for (const peer of this.peers.values()) this.hangUp(peer)
    this.peers.clear()
    this.tell()
  }

  // --- who is there ---------------------------------------------------------------------------

  private mine(): Member | undefined {
    return this.signal.members.find((one) => one.id === this.signal.me)
  }

  /** A line to each member that has a page; none to who has left or came by another page. */
  private follow(): void {
    if (this.signal.state !== 'in') return // members are not known while the line is away
    const others = this.signal.members.filter((one) => one.id !== this.signal.me && one.page)
    for (const [id, peer] of this.peers) {
      const now = others.find((one) => one.id === id)
      if (now && now.page === peer.member.page) continue
      this.hangUp(peer)
      this.peers.delete(id)
    }
    for (const member of others) if (!this.peers.has(member.id)) this.begin(member)
    this.sendAll()
    this.tell()
  }

  private begin(member: Member): Peer {
    const me = this.signal.me ?? ''
    const peer = new Peer(member, me < member.id, this.ice)
    this.peers.set(member.id, peer)
    const { line } = peer
    line.onnegotiationneeded = () => void this.offer(peer)
    line.onicecandidate = ({ candidate }) => {
      if (candidate) this.gather(peer, candidate.toJSON())
    }
    line.ontrack = ({ transceiver, track }) => this.receive(peer, transceiver, track)
    line.onconnectionstatechange = () => this.noticeLine(peer)
    if (peer.offers) {
      preferOpus(
        line.addTransceiver('audio', { direction: 'sendrecv', sendEncodings: VOICE_FIRST }),
      )
      for (let n = 0; n < 2 + this.local.extras.length; n += 1)
        preferVp8(line.addTransceiver('video', { direction: 'sendrecv' }))
      void this.sendOn(peer)
    }
    return peer
  }

  private hangUp(peer: Peer): void {
    clearTimeout(peer.gatherDue)
    peer.line.onconnectionstatechange = null
    peer.line.close()
  }

  // --- negotiation ----------------------------------------------------------------------------

  private async offer(peer: Peer): Promise<void> {
    if (!peer.offers) return
    try {
      await peer.line.setLocalDescription()
      this.describe(peer)
    } catch (fault) {
      if (peer.line.signalingState !== 'closed') throw fault
    }
  }

  private describe(peer: Peer): void {
    const description = peer.line.localDescription
    if (description === null) return
    if (description.type === 'offer') peer.offeredAt = performance.now()
    this.sendTo(peer, description.type === 'offer' ? 'offer' : 'answer', {
      description: { type: description.type, sdp: description.sdp },
    })
  }

  private sendTo(peer: Peer, kind: 'offer' | 'answer' | 'candidate', words: Partial<Words>): void {
    const of = this.mine()?.page ?? null
    this.signal.send(kind, { to: peer.member.page, of, ...words }, peer.member.id)
  }

  private hear(words: Words, from: string): void {
    const mine = this.mine()
    if (mine === undefined || words.to !== mine.page) return
    let peer = this.peers.get(from)
    const member = this.signal.members.find((one) => one.id === from)
    if (peer === undefined && member?.page === words.of) peer = this.begin(member)
    if (peer === undefined || peer.member.page !== words.of) return
    const heard = peer
    peer.turn = peer.turn.then(() => this.take(heard, words)).catch(() => this.restart(heard))
  }

  private async take(peer: Peer, { description, candidates, wanted }: Words): Promise<void> {
    const { line } = peer
    if (line.signalingState === 'closed') return
    if (wanted && peer.offers) {
      peer.tries = 0 // whoever asks is there
      this.restart(peer)
    }
    if (description) await this.takeDescription(peer, description)
    for (const candidate of candidates ?? []) {
      if (line.remoteDescription === null) peer.early.push(candidate)
      else await this.takeCandidate(peer, candidate)
    }
  }

  private async takeDescription(peer: Peer, told: RTCSessionDescriptionInit): Promise<void> {
    const { line } = peer
    const offered = told.type === 'offer'
    // An answer to an offer that was sent twice comes twice.
    if (offered ? peer.offers : line.signalingState !== 'have-local-offer') return
    await line.setRemoteDescription(told)
    for (const candidate of peer.early.splice(0)) await this.takeCandidate(peer, candidate)
    if (offered) await this.answer(peer)
  }

  private async answer(peer: Peer): Promise<void> {
    const [audio, ...pictures] = peer.lines
    if (audio?.direction !== 'sendrecv') {
      if (audio) preferOpus(audio)
      pictures.forEach(preferVp8)
      for (const one of peer.lines) one.direction = 'sendrecv'
    }
    await this.sendOn(peer)
    await peer.line.setLocalDescription()
    this.describe(peer)
  }

  private async takeCandidate(peer: Peer, candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await peer.line.addIceCandidate(candidate)
    } catch {
      // It belongs to an offer that another one has overtaken.
    }
  }

  /** Candidates come in bursts and go in one message. */
  private gather(peer: Peer, candidate: RTCIceCandidateInit): void {
    peer.gathered.push(candidate)
    peer.gatherDue ??= setTimeout(() => {
      peer.gatherDue = undefined
      const all = peer.gathered.splice(0)
      while (all.length > 0) this.sendTo(peer, 'candidate', { candidates: all.splice(0, 8) })
    }, GATHER_MS)
  }

  // --- what is sent and received --------------------------------------------------------------

  private sendAll(): void {
    for (const peer of this.peers.values()) void this.sendOn(peer)
  }

  private async sendOn(peer: Peer): Promise<void> {
    try {
      await this.sendTracks(peer)
    } catch (fault) {
      if (peer.line.signalingState !== 'closed') throw fault
    }
  }

  private async sendTracks(peer: Peer): Promise<void> {
    const { local } = this
    // Whose line is thin is sent stills instead, over the live line; but an operation moves.
    const now = this.signal.members.find((one) => one.id === peer.member.id)
    const moving = now?.mode === 'video' || local.sources.some((one) => one !== null)
    const camera = moving ? local.sentCamera : null
    const extras = local.sentExtras.map((track) => (moving ? track : null))
    const wanted = [local.sentAudio, camera, local.sentScreen, ...extras]
    for (const [n, line] of peer.lines.entries())
      if (line && peer.line.signalingState !== 'closed')
        await sendTrack(line, wanted[n] ?? null, rateOf(n, RATES[local.picture]))
  }

  private receive(peer: Peer, transceiver: RTCRtpTransceiver, track: MediaStreamTrack): void {
    // Whatever a page of somebody who watches sends reaches nobody.
    if (!peer.member.watches) take(peer.remote, peer.lines.indexOf(transceiver), track)
    this.tell()
  }

  // --- lost lines -----------------------------------------------------------------------------

  private noticeLine(peer: Peer): void {
    const { connectionState } = peer.line
    if (connectionState === 'connected') {
      peer.remote.state = 'connected'
      peer.awayAt = 0
      peer.tries = 0
      void this.sendOn(peer)
    } else if (connectionState === 'failed' || connectionState === 'disconnected') {
      peer.remote.state = 'lost'
      if (peer.awayAt === 0) peer.awayAt = performance.now()
      if (connectionState === 'failed') this.restart(peer)
    }
    this.tell()
  }

  private noticeSignal(): void {
    const isIn = this.signal.state === 'in'
    if (isIn && !this.wasIn)
      for (const peer of this.peers.values())
        if (peer.remote.state !== 'connected') {
          peer.tries = 0
          this.restart(peer)
        }
    this.wasIn = isIn
  }

  private look(): void {
    const now = performance.now()
    for (const peer of this.peers.values()) {
      const { line } = peer
      if (line.signalingState === 'have-local-offer' && now - peer.offeredAt > UNANSWERED_MS)
        this.describe(peer)
      if (peer.awayAt > 0 && now - peer.awayAt > AWAY_MS) this.restart(peer)
      const [audio] = peer.lines
      const speaking = audio !== undefined && loudness(audio.receiver) > LOUD
      if (speaking !== peer.remote.speaking) {
        peer.remote.speaking = speaking
        this.tell()
      }
    }
  }

  /** Finds new ways to a member, with servers whose passes are good; or asks for that. */
  private restart(peer: Peer): void {
    const now = performance.now()
    const given = patienceFor(peer.tries)
    if (this.signal.state !== 'in' || now - peer.restartedAt < given) return
    peer.restartedAt = now
    peer.tries += 1
    void this.freshIce()
      .then((ice) => {
        this.ice = ice
      })
      .catch(() => undefined) // the old passes may do
      .then(() => {
        if (peer.line.signalingState === 'closed') return
        peer.line.setConfiguration(configured(this.ice))
        if (!peer.offers) this.sendTo(peer, 'offer', { wanted: true })
        else if (peer.line.getTransceivers().length > 0) peer.line.restartIce()
      })
  }

  private async count(): Promise<void> {
    const readings: Reading[] = []
    for (const peer of this.peers.values()) {
      if (peer.line.connectionState !== 'connected') continue
      const stats = await peer.line.getStats()
      peer.remote.counted = peer.counter.read(stats, performance.now())
      peer.remote.quality = qualityOf(peer.remote.counted)
      readings.push(readingOf(peer.remote.counted))
    }
    this.reading = worst(readings)
    this.tell()
  }

  private tell(): void {
    this.remotes = new Map([...this.peers].map(([id, peer]) => [id, { ...peer.remote }]))
    for (const watcher of this.watchers) watcher()
  }
}
