/** How pictures and voices reach the others: directly, or over a media server. */
import type { Counted, Quality } from './line'

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

export async function limitRate(sender: RTCRtpSender, kbps: number): Promise<void> {
  const given = sender.getParameters()
  const [first] = given.encodings
  if (first === undefined || first.maxBitrate === kbps * 1000) return
  first.maxBitrate = kbps * 1000
  await sender.setParameters(given)
}

/** The loudest that a receiver heard just now. */
export function loudness(receiver: RTCRtpReceiver): number {
  return Math.max(0, ...receiver.getSynchronizationSources().map((one) => one.audioLevel ?? 0))
}
