/** Whether the window is too narrow for things side by side: a phone, or half a small screen. */
import { useSyncExternalStore } from 'react'

const narrow = window.matchMedia('(max-width: 900px)')

function subscribe(listener: () => void): () => void {
  narrow.addEventListener('change', listener)
  return () => narrow.removeEventListener('change', listener)
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => narrow.matches)
}
