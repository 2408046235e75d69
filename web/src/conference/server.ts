/**
 * Pictures and voices over the media server: one line for what one sends, one for each of the others.
 *
 * A line that fails is not repaired but begun anew, which the media server answers in a second; so
 * is everything after the live line was away, since the server has ended what was begun on it.
 * Ways out are gathered before an offer or an answer goes, so that nothing trickles after it.
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

const GATHER_MS = 3_000
const AGAIN_MS = 3_000
const AWAY_MS = 5_000

/** A line to the media server, and since when it is not what it should be. */
interface Line {
  rtc: RTCPeerConnection | null
  askedAt: number
  awayAt: number
  busy: boolean
}

interface Seen extends Line {
  readonly member: Member
  readonly remote: Remote
  counter: Counter
  /** Whether their moving pictures are asked for. */
  moving: boolean
}

const idle = (): Line => ({ rtc: null, askedAt: Number.NEGATIVE_INFINITY, awayAt: 0, busy: false })

export class ServerMedia implements Transport {
  remotes: ReadonlyMap<string, Remote> = new Map()
  reading: Reading | null = null
  private readonly sent: Line = idle()
  private sentCounter = new Counter()
  private readonly seen = new Map<string, Seen>()
  private readonly watchers = new Set<() => void>()
  private readonly ends: (() => void)[] = []
  private stopped = false
  private wasIn = true

  constructor(
    private readonly signal: Signal,
    private readonly local: Local,
    private ice: Ice,
    private readonly freshIce: () => Promise<Ice>,
  ) {
    const timers = [
      setInterval(() => this.look(), WATCH_MS),
      setInterval(() => void this.count(), COUNT_MS),
    ]
    this.ends.push(
      signal.on('members', () => this.follow()),
      // Somebody sends anew: what one had of them is over.
      signal.on<{ published?: boolean }>('media', (_, from) => this.forget(from)),
      signal.watch(() => this.noticeSignal()),
      local.watch(() => {
        void this.sendAnew()
        this.look()
      }),
      () => timers.forEach(clearInterval),
    )
    this.follow()
    this.look()
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  stop(): void {
    this.stopped = true
    for (const end of this.ends.splice(0)) end()
    for (const line of [this.sent, ...this.seen.values()]) hangUp(line)
    this.seen.clear()
  }

  private follow(): void {
    if (this.signal.state !== 'in') return
    const others = this.signal.members.filter(
      (one) => one.id !== this.signal.me && one.page && !one.watches,
    )
    for (const [id, seen] of this.seen)
      if (!others.some((one) => one.id === id && one.page === seen.member.page)) {
        hangUp(seen)
        this.seen.delete(id)
      }
    for (const member of others)
      if (!this.seen.has(member.id))
        this.seen.set(member.id, {
          ...idle(),
          member,
          remote: emptyRemote(member.id),
          counter: new Counter(),
          moving: true,
        })
    this.look()
    this.tell()
  }

  private forget(member: string): void {
    const seen = this.seen.get(member)
    if (seen === undefined) return
    hangUp(seen)
    seen.askedAt = Number.NEGATIVE_INFINITY
    this.look()
  }

  private noticeSignal(): void {
    const isIn = this.signal.state === 'in'
    if (isIn && !this.wasIn) {
      for (const line of [this.sent, ...this.seen.values()]) {
        hangUp(line)
        line.askedAt = Number.NEGATIVE_INFINITY
      }
      void this.freshIce()
        .then((ice) => {
          this.ice = ice
        })
        .catch(() => undefined) // the old passes may do
        .then(() => this.look())
    }
    this.wasIn = isIn
  }

  /** Begins whatever is not there, or has been away for too long. */
  private look(): void {
    if (this.stopped || this.signal.state !== 'in') return
    const now = performance.now()
    const watches = this.signal.members.some((one) => one.id === this.signal.me && one.watches)
    if (!watches && isDue(this.sent, now)) void this.begin(this.sent, () => this.publish())
    for (const seen of this.seen.values()) {
      if (isDue(seen, now)) void this.begin(seen, () => this.subscribe(seen))
      void this.askPictures(seen)
      const [audio] = seen.rtc?.getReceivers() ?? []
      const speaking = audio !== undefined && loudness(audio) > LOUD
      if (speaking !== seen.remote.speaking) {
        seen.remote.speaking = speaking
        this.tell()
      }
    }
  }

  private async begin(line: Line, work: () => Promise<void>): Promise<void> {
    line.busy = true
    line.askedAt = performance.now()
    try {
      await work()
    } catch (fault) {
      hangUp(line)
      // Closed meanwhile, by another beginning or by the end: what is due is begun again.
      if (!(fault instanceof DOMException)) throw fault
    } finally {
      line.busy = false
    }
  }

  private open(line: Line): RTCPeerConnection {
    hangUp(line)
    const rtc = new RTCPeerConnection({
      iceServers: this.ice.servers,
      iceTransportPolicy: this.ice.relayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    })
    line.rtc = rtc
    rtc.onconnectionstatechange = () => this.noticeLine(line)
    return rtc
  }

  private async publish(): Promise<void> {
    const rtc = this.open(this.sent)
    this.sentCounter = new Counter()
    preferOpus(rtc.addTransceiver('audio', { direction: 'sendonly', sendEncodings: VOICE_FIRST }))
    for (let n = 0; n < 2 + this.local.extras.length; n += 1)
      preferVp8(rtc.addTransceiver('video', { direction: 'sendonly' }))
    await this.sendTracks()
    await rtc.setLocalDescription()
    const offer = await gathered(rtc)
    const told = await this.signal.askMedia('publish', { offer })
    if (told.answer === undefined) {
      hangUp(this.sent)
      return
    }
    await rtc.setRemoteDescription({ type: 'answer', sdp: told.answer })
    await this.sendTracks()
    this.signal.send('media', { published: true })
  }

  private async subscribe(seen: Seen): Promise<void> {
    const member = seen.member.id
    const told = await this.signal.askMedia('subscribe', { member })
    if (told.offer === undefined || this.stopped) return
    const rtc = this.open(seen)
    seen.counter = new Counter()
    seen.moving = true
    rtc.ontrack = ({ transceiver, track }) => {
      take(seen.remote, rtc.getTransceivers().indexOf(transceiver), track)
      this.tell()
    }
    await rtc.setRemoteDescription({ type: 'offer', sdp: told.offer })
    await rtc.setLocalDescription()
    await this.signal.askMedia('accept', { member, answer: await gathered(rtc) })
  }

  /** On a thin line the others' moving pictures are not asked for: nobody but this page knows it. */
  private async askPictures(seen: Seen): Promise<void> {
    const now = this.signal.members.find((one) => one.id === seen.member.id)
    const films = Object.keys(now?.streams ?? {}).length > 0
    const wanted = this.local.mode === 'video' || films
    if (seen.busy || seen.rtc?.connectionState !== 'connected' || seen.moving === wanted) return
    seen.moving = wanted
    const { rtc } = seen
    const told = await this.signal.askMedia('pictures', { member: seen.member.id, on: wanted })
    if ((told.failed || told.absent) && seen.rtc === rtc) seen.moving = !wanted
  }

  /** After a change of one's devices; a line that was closed meanwhile is begun anew with them. */
  private async sendAnew(): Promise<void> {
    const { rtc } = this.sent
    try {
      await this.sendTracks()
    } catch (fault) {
      if (rtc?.signalingState !== 'closed') throw fault
    }
  }

  private async sendTracks(): Promise<void> {
    const { rtc } = this.sent
    if (rtc === null || rtc.signalingState === 'closed') return
    const { local } = this
    const wanted = [local.sentAudio, local.sentCamera, local.sentScreen, ...local.sentExtras]
    for (const [n, line] of rtc.getTransceivers().entries())
      await sendTrack(line, wanted[n] ?? null, rateOf(n, RATES[local.picture]))
  }

  private noticeLine(line: Line): void {
    const state = line.rtc?.connectionState
    if (state === 'connected') line.awayAt = 0
    else if ((state === 'failed' || state === 'disconnected') && line.awayAt === 0)
      line.awayAt = performance.now()
    for (const seen of this.seen.values())
      if (seen === line)
        seen.remote.state =
          state === 'connected' ? 'connected' : line.awayAt > 0 ? 'lost' : 'connecting'
    this.tell()
  }

  private async count(): Promise<void> {
    const now = performance.now()
    const readings: Reading[] = []
    if (this.sent.rtc?.connectionState === 'connected')
      readings.push(readingOf(this.sentCounter.read(await this.sent.rtc.getStats(), now)))
    for (const seen of this.seen.values()) {
      if (seen.rtc?.connectionState !== 'connected') continue
      const stats = await seen.rtc.getStats()
      seen.remote.counted = seen.counter.read(stats, performance.now())
      seen.remote.quality = qualityOf(seen.remote.counted)
      // What could be sent on a line that only receives says nothing.
      readings.push({ ...readingOf(seen.remote.counted), available: null })
    }
    this.reading = worst(readings)
    this.tell()
  }

  private tell(): void {
    this.remotes = new Map([...this.seen].map(([id, seen]) => [id, { ...seen.remote }]))
    for (const watcher of this.watchers) watcher()
  }
}

function isDue(line: Line, now: number): boolean {
  if (line.busy || now - line.askedAt < AGAIN_MS) return false
  if (line.rtc === null || line.rtc.connectionState === 'failed') return true
  return line.awayAt > 0 && now - line.awayAt > AWAY_MS
}

function hangUp(line: Line): void {
  if (line.rtc) line.rtc.onconnectionstatechange = null
  line.rtc?.close()
  line.rtc = null
  line.awayAt = 0
}

/** One's own description with all ways out in it, or those that were found in time. */
async function gathered(rtc: RTCPeerConnection): Promise<string> {
  if (rtc.iceGatheringState !== 'complete')
    await new Promise<void>((tell) => {
      const late = setTimeout(tell, GATHER_MS)
      rtc.onicegatheringstatechange = () => {
        if (rtc.iceGatheringState !== 'complete') return
        clearTimeout(late)
        tell()
      }
    })
  return rtc.localDescription?.sdp ?? ''
}
