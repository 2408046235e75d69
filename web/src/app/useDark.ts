/** Light or dark: the person's choice, else the system's. */
import { useSyncExternalStore } from 'react'

const KEPT = 'telemed.theme'
const listeners = new Set<() => void>()
const system = window.matchMedia('(prefers-color-scheme: dark)')

function read(): boolean {
  const kept = localStorage.getItem(KEPT)
  return kept === null ? system.matches : kept === 'dark'
}

function change(dark: boolean): void {
  localStorage.setItem(KEPT, dark ? 'dark' : 'light')
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  system.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    system.removeEventListener('change', listener)
  }
}

export function useDark(): readonly [dark: boolean, change: (dark: boolean) => void] {
  return [useSyncExternalStore(subscribe, read), change]
}
