/**
 * The sounds of the page, made in the browser, no file: each urgency has notes of its own.
 *
 * A page that was never touched may not sound (browsers forbid it); what is shown stands all the
 * same. The person may mute what arrives; a critical finding sounds until it is answered.
 */
import { useSyncExternalStore } from 'react'

export type Sound = 'critical' | 'stat' | 'urgent'

/** Hertz, one after the other: falling for a critical finding, rising for what arrives. */
export const NOTES: Record<Sound, readonly number[]> = {
  critical: [880, 660],
  stat: [660, 880, 1100],
  urgent: [520, 660],
}
const STEP = 0.28
const LOUD: Record<Sound, number> = { critical: 0.25, stat: 0.2, urgent: 0.12 }
const AGAIN_MS = 8000
const KEPT = 'telemed.sound'

const listeners = new Set<() => void>()

function audible(): boolean {
  return localStorage.getItem(KEPT) !== 'off'
}

function setAudible(on: boolean): void {
  localStorage.setItem(KEPT, on ? 'on' : 'off')
  for (const listener of listeners) listener()
}

/** Whether arrivals sound on this machine, and the switch for it. */
export function useSound(): readonly [on: boolean, set: (on: boolean) => void] {
  const on = useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, audible)
  return [on, setAudible]
}

function ring(context: AudioContext, sound: Sound): void {
  NOTES[sound].forEach((pitch, index) => {
    const at = context.currentTime + index * STEP
    const tone = context.createOscillator()
    const loudness = context.createGain()
    tone.frequency.value = pitch
    loudness.gain.setValueAtTime(0.0001, at)
    loudness.gain.exponentialRampToValueAtTime(LOUD[sound], at + 0.03)
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.26)
    tone.connect(loudness).connect(context.destination)
    tone.start(at)
    tone.stop(at + STEP)
  })
}

/** Sounds a critical finding, again every eight seconds until the returned function is called. */
export function chime(): () => void {
  const context = new AudioContext()
  ring(context, 'critical')
  const again = setInterval(() => ring(context, 'critical'), AGAIN_MS)
  return () => {
    clearInterval(again)
    void context.close()
  }
}

/** Sounds once, unless muted or the browser does not let a page sound that was never touched. */
export function ringOnce(sound: Sound): void {
  if (!audible() || navigator.userActivation?.hasBeenActive === false) return
  const context = new AudioContext()
  ring(context, sound)
  setTimeout(() => void context.close(), NOTES[sound].length * STEP * 1000 + 200)
}
