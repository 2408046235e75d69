/**
 * What time it is on the server, and the page's one timer.
 *
 * Hospital PCs are often minutes wrong, and a deadline is the server's promise, so every answer's
 * `Date` header corrects the offset. Components subscribe to a tick; no row has a timer of its own.
 */
import { useCallback, useSyncExternalStore } from 'react'

export const ZONE = 'Asia/Shanghai'

let offset = 0
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** Corrects the clock by a response's `Date` header. Its grain is a second: smaller drift is noise. */
export function noteServerDate(header: string | null, here = Date.now()): void {
  const there = header === null ? Number.NaN : Date.parse(header)
  if (Number.isNaN(there)) return
  const drift = there - here
  if (Math.abs(drift - offset) > 2000) offset = drift
}

export function serverNow(): number {
  return Date.now() + offset
}

/** Now in milliseconds, rounded down to `grain`, ticking. All users share one interval. */
export function useNow(grain = 1000): number {
  const read = useCallback(() => Math.floor(serverNow() / grain) * grain, [grain])
  return useSyncExternalStore(subscribe, read)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0 && timer !== undefined) {
      clearInterval(timer)
      timer = undefined
    }
  }
}
