/**
 * One's own camera, microphone and screen: opened when wanted, closed when not, so that the light of
 * a camera that is off is off. Where an operation is filmed, its first picture goes in the place of
 * one's own camera, and each other one by a line of its own.
 */
import type { Mode } from './signal'
import { SCREEN, type Source, type StreamState } from './streams'

export type Trouble = 'denied' | 'none' | 'busy' | 'insecure'
export type Picture = 'high' | 'standard' | 'low'

const SIZES: Record<Picture, MediaTrackConstraints> = {
  high: { width: 1280, height: 720, frameRate: 25 },
  standard: { width: 640, height: 360, frameRate: 15 },
  low: { width: 192, height: 108, frameRate: 8 },
}
/** Kilobits a second of one's picture to one member at most. */
export const RATES: Record<Picture, number> = { high: 1500, standard: 500, low: 90 }
const KEPT = 'telemed.conference.picture'
const ADAPTS = 'telemed.conference.adapts'
const STILL_WIDTH = 320
/** A relayed message has room for 14,000 bytes; the picture is text in it. */
const STILL_BYTES = 13_000

export class Local {
  audio: MediaStreamTrack | null = null
  camera: MediaStreamTrack | null = null
  screen: MediaStreamTrack | null = null
  muted = false
  mode: Mode = 'video'
  microphoneTrouble: Trouble | null = null
  cameraTrouble: Trouble | null = null
  picture: Picture = readPicture()
  /** Whether less is sent by itself while the line is thin. */
  adapts = localStorage.getItem(ADAPTS) !== 'no'
  /** By the picture's place: from where one sends it, if one does. */
  readonly sources: (Source | null)[]
  /** The pictures beside the first one. */
  readonly extras: (MediaStreamTrack | null)[]
  /** The line carries the first picture alone. */
  thin = false
  private readonly watchers = new Set<() => void>()
  private closed = false

  /** `streams`: the codes of the pictures that may be sent; none where nothing is filmed. */
  constructor(readonly streams: readonly string[] = []) {
    this.sources = streams.map(() => null)
    this.extras = streams.slice(1).map(() => null)
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** What is sent as a moving picture: nothing while stills or voice alone are. */
  get sentCamera(): MediaStreamTrack | null {
    return this.mode === 'video' ? this.camera : null
  }

  get sentAudio(): MediaStreamTrack | null {
    return this.mode === 'phone' ? null : this.audio
  }

  get sentScreen(): MediaStreamTrack | null {
    return this.screen
  }

  /** The pictures beside the first one, while the line carries them. */
  get sentExtras(): (MediaStreamTrack | null)[] {
    const flow = this.mode === 'video' && !this.thin
    return this.extras.map((track) => (flow ? track : null))
  }

  /** How one sends each of the pictures, for the others to know. */
  get streamStates(): Record<string, StreamState> {
    const found: Record<string, StreamState> = {}
    for (const [place, code] of this.streams.entries()) {
      const track = place === 0 ? this.camera : this.extras[place - 1]
      if (this.sources[place] == null || !track) continue
      const flows = place === 0 || (this.mode === 'video' && !this.thin)
      found[code] = flows ? 'on' : 'thin'
    }
    return found
  }

  /** Sends a picture from a camera or a screen, or no more; whether there is one now. */
  async setSource(place: number, source: Source | null): Promise<boolean> {
    const old = place === 0 ? this.camera : this.extras[place - 1]
    old?.stop()
    const track = source === null ? null : this.keep(await openedFrom(source, this.picture))
    if (track) track.onended = () => void this.setSource(place, null)
    this.sources[place] = track ? source : null
    if (place === 0) this.camera = track
    else this.extras[place - 1] = track
    this.tell()
    return track !== null
  }

  /** The pictures beside the first one fall, or are sent again. */
  setThin(thin: boolean): void {
    this.thin = thin
    this.tell()
  }

  async open(mode: Mode): Promise<void> {
    this.closed = false
    this.mode = mode
    await this.openMicrophone()
    if (mode === 'video' || mode === 'still') await this.setCamera(true)
    this.tell()
  }

  close(): void {
    this.closed = true
    for (const track of [this.audio, this.camera, this.screen, ...this.extras]) track?.stop()
    this.extras.fill(null)
    this.sources.fill(null)
    this.audio = this.camera = this.screen = null
    this.tell()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    if (this.audio) this.audio.enabled = !muted
    this.tell()
  }

  async setCamera(on: boolean): Promise<void> {
    if (on && this.camera === null) await this.openCamera()
    else if (!on) {
      this.camera?.stop()
      this.camera = null
    }
    this.tell()
  }

  /** Another way to take part; the camera is closed where nobody is sent its picture. */
  async setMode(mode: Mode): Promise<void> {
    this.mode = mode
    await this.setCamera((mode === 'video' || mode === 'still') && this.cameraTrouble === null)
  }

  async setPicture(picture: Picture): Promise<void> {
    this.picture = picture
    localStorage.setItem(KEPT, picture)
    const cameras = [this.camera, ...this.extras].filter((track) => track !== null)
    await Promise.all(cameras.map((track) => track.applyConstraints(SIZES[picture])))
    this.tell()
  }

  setAdapts(adapts: boolean): void {
    this.adapts = adapts
    localStorage.setItem(ADAPTS, adapts ? 'yes' : 'no')
    this.tell()
  }

  /** Shows a window or the screen; whether one was chosen. */
  async share(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 8 } })
      this.screen = stream.getVideoTracks()[0] ?? null
    } catch {
      return false // the choice was canceled, which is an answer
    }
    if (this.screen) {
      this.screen.contentHint = 'detail'
      this.screen.onended = () => this.unshare()
    }
    this.tell()
    return this.screen !== null
  }

  unshare(): void {
    this.screen?.stop()
    this.screen = null
    this.tell()
  }

  private async openMicrophone(): Promise<void> {
    const { track, trouble } = await opened({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    })
    this.microphoneTrouble = trouble
    this.audio = this.keep(track)
    if (this.audio) this.audio.enabled = !this.muted
  }

  private async openCamera(): Promise<void> {
    // A screen is chosen anew each time: what opens here is a camera.
    if (this.sources[0] === SCREEN) this.sources[0] = null
    const device = this.sources[0] ? { deviceId: { exact: this.sources[0] } } : {}
    const { track, trouble } = await opened({ video: { ...SIZES[this.picture], ...device } })
    this.cameraTrouble = trouble
    this.camera = this.keep(track)
  }

  /** A device that answers after one has gone is closed again. */
  private keep(track: MediaStreamTrack | null): MediaStreamTrack | null {
    if (!this.closed) return track
    track?.stop()
    return null
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher()
  }
}

/** The track of a camera or of a screen that was chosen; null where there is none. */
async function openedFrom(source: Source, picture: Picture): Promise<MediaStreamTrack | null> {
  if (source !== SCREEN) {
    const video = { ...SIZES[picture], deviceId: { exact: source } }
    return (await opened({ video })).track
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 } })
    return stream.getVideoTracks()[0] ?? null
  } catch {
    return null // the choice was canceled, which is an answer
  }
}

async function opened(
  wanted: MediaStreamConstraints,
): Promise<{ track: MediaStreamTrack | null; trouble: Trouble | null }> {
  // Browsers give cameras to pages from https (and from this machine) alone.
  if (navigator.mediaDevices === undefined) return { track: null, trouble: 'insecure' }
  try {
    const stream = await navigator.mediaDevices.getUserMedia(wanted)
    return { track: stream.getTracks()[0] ?? null, trouble: null }
  } catch (fault) {
    const name = fault instanceof DOMException ? fault.name : ''
    if (name === 'NotAllowedError' || name === 'SecurityError')
      return { track: null, trouble: 'denied' }
    return { track: null, trouble: name === 'NotReadableError' ? 'busy' : 'none' }
  }
}

function readPicture(): Picture {
  const kept = localStorage.getItem(KEPT)
  return kept === 'high' || kept === 'low' ? kept : 'standard'
}

/** A still picture of a camera as a data address that fits into a message; null without one. */
export async function stillOf(track: MediaStreamTrack): Promise<string | null> {
  const video = document.createElement('video')
  video.muted = true
  video.srcObject = new MediaStream([track])
  try {
    await video.play()
    const canvas = document.createElement('canvas')
    const width = Math.min(STILL_WIDTH, video.videoWidth)
    canvas.width = width
    canvas.height = Math.round((width * video.videoHeight) / video.videoWidth)
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
    for (const quality of [0.6, 0.4, 0.25, 0.1]) {
      const address = canvas.toDataURL('image/jpeg', quality)
      if (address.length <= STILL_BYTES) return address
    }
    return null
  } catch (fault) {
    if (fault instanceof DOMException) return null // the camera was closed meanwhile
    throw fault
  } finally {
    video.srcObject = null
  }
}
