/**
 * One's own camera, microphone and screen: opened when wanted, closed when not, so that the light of
 * a camera that is off is off.
 */
import type { Mode } from './signal'

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
  private readonly watchers = new Set<() => void>()
  private closed = false

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

  async open(mode: Mode): Promise<void> {
    this.closed = false
    this.mode = mode
    await this.openMicrophone()
    if (mode === 'video' || mode === 'still') await this.setCamera(true)
    this.tell()
  }

  close(): void {
    this.closed = true
    for (const track of [this.audio, this.camera, this.screen]) track?.stop()
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
    await this.camera?.applyConstraints(SIZES[picture])
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
    const { track, trouble } = await opened({ video: SIZES[this.picture] })
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
  } finally {
    video.srcObject = null
  }
}
