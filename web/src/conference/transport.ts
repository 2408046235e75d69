/** How pictures and voices reach the others: directly, or over a media server. */
import type { Counted, Quality } from './line'
import type { Reading } from './steps'

/** What comes from another member. */
export interface Remote {
  readonly id: string
  audio: MediaStream | null
  camera: MediaStream | null
  screen: MediaStream | null
  /** The pictures of an operation beside the one that comes by the camera's line. */
  extras: (MediaStream | null)[]
  state: 'connecting' | 'connected' | 'lost'
  speaking: boolean
  quality: Quality
  counted: Counted | null
}

export interface Ice {
  servers: RTCIceServer[]
  relayOnly: boolean
}

export interface Transport {
  /** By member. A new map whenever anything in it is another. */
  readonly remotes: ReadonlyMap<string, Remote>
  /** The latest look at all lines; another object each time they were counted. */
  readonly reading: Reading | null
  readonly watch: (watcher: () => void) => () => void
  stop(): void
}

export const emptyRemote = (id: string): Remote => ({
  id,
  audio: null,
  camera: null,
  screen: null,
  extras: [],
  state: 'connecting',
  speaking: false,
  quality: 'unknown',
  counted: null,
})

/** Kilobits a second of a shared screen to one member at most. */
export const SCREEN_KBPS = 900
/** How often lines are looked at, and how often what passed on them is counted. */
export const WATCH_MS = 1_000
export const COUNT_MS = 2_000
/** Louder than this is somebody who speaks (0 to 1, as WebRTC tells it). */
export const LOUD = 0.02

/** A track that came in, by its place: voice, camera, screen, then the pictures beside the first. */
export function take(remote: Remote, place: number, track: MediaStreamTrack): void {
  const stream = new MediaStream([track])
  const key = (['audio', 'camera', 'screen'] as const)[place]
  if (key) remote[key] = stream
  else {
    remote.extras = [...remote.extras]
    remote.extras[place - 3] = stream
  }
}

/** VP8 alone: every browser and the media server have it, and an offer stays small. */
export function preferVp8(transceiver: RTCRtpTransceiver): void {
  const known = RTCRtpReceiver.getCapabilities('video')?.codecs ?? []
  const wanted = known.filter((codec) => /^video\/(vp8|rtx)$/i.test(codec.mimeType))
  if (wanted.some((codec) => /vp8/i.test(codec.mimeType))) transceiver.setCodecPreferences(wanted)
}

/** Voice by Opus alone, for the same reason. */
export function preferOpus(transceiver: RTCRtpTransceiver): void {
  const known = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? []
  const wanted = known.filter((codec) => /^audio\/opus$/i.test(codec.mimeType))
  if (wanted.length > 0) transceiver.setCodecPreferences(wanted)
}

async function limitRate(sender: RTCRtpSender, kbps: number): Promise<void> {
  const given = sender.getParameters()
  const [first] = given.encodings
  if (first === undefined || first.maxBitrate === kbps * 1000) return
  first.maxBitrate = kbps * 1000
  await sender.setParameters(given)
}

/** Where there is not room for both, the voice goes first. */
export const VOICE_FIRST: RTCRtpEncodingParameters[] = [
  { priority: 'high', networkPriority: 'high' },
]

/** What is done to a line is done one after the other: a change in the midst of one is refused. */
const turns = new WeakMap<RTCRtpTransceiver, Promise<void>>()

/** Puts a track (or none) on a line that stays; `kbps` at most of a picture, null for a voice. */
export function sendTrack(
  line: RTCRtpTransceiver,
  track: MediaStreamTrack | null,
  kbps: number | null,
): Promise<void> {
  const done = (turns.get(line) ?? Promise.resolve()).then(() => put(line, track, kbps))
  turns.set(
    line,
    done.catch(() => undefined), // told to whoever asked for it
  )
  return done
}

async function put(
  line: RTCRtpTransceiver,
  track: MediaStreamTrack | null,
  kbps: number | null,
): Promise<void> {
  if (line.sender.track !== track) await line.sender.replaceTrack(track)
  if (track !== null && kbps !== null && line.currentDirection !== null)
    await limitRate(line.sender, kbps)
}

/** What a line of a member carries at most, by its place: voice, camera, screen, more pictures. */
export const rateOf = (place: number, camera: number): number | null =>
  place === 0 ? null : place === 2 ? SCREEN_KBPS : camera

/** The loudest that a receiver heard just now. */
export function loudness(receiver: RTCRtpReceiver): number {
  return Math.max(0, ...receiver.getSynchronizationSources().map((one) => one.audioLevel ?? 0))
}
