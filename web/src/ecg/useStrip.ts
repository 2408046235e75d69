/** What the person has chosen on the strip, and the keys that choose it. */
import { useEffect, useRef, useState } from 'react'
import { comboOf } from '../shared/keys'
import { type Filters, NO_FILTERS } from './filters'
import { CSS_PX_PER_MM, GAINS, LAYOUTS, type Settings, SPEEDS, USUAL } from './paper'

export interface View {
  settings: Settings
  filters: Filters
  snap: boolean
  march: boolean
  /** True size instead of fit to width. */
  trueSize: boolean
  /** Pixels to the millimetre of this screen, measured with a ruler. */
  pxPerMm: number
  /** Null follows the theme. */
  lightPaper: boolean | null
}

/**
 * Speed, gain and filters begin anew with every trace: nobody reads a case in a scale that was
 * chosen for another one. Habits (layout, zoom, snapping) are kept.
 */
const KEPT = 'telemed.ecg'

interface Habits extends Pick<View, 'snap' | 'trueSize' | 'pxPerMm' | 'lightPaper'> {
  layout: Settings['layout']
}

const HABITS: Habits = {
  layout: '3x4',
  trueSize: false,
  snap: true,
  pxPerMm: CSS_PX_PER_MM,
  lightPaper: null,
}

function readHabits(): Habits {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Habits>
    const habits = { ...HABITS, ...kept }
    return LAYOUTS.includes(habits.layout) && habits.pxPerMm > 0 ? habits : HABITS
  } catch {
    // Unreadable habits are no habits.
    return HABITS
  }
}

function keepHabits({ settings, snap, trueSize, pxPerMm, lightPaper }: View): void {
  const habits: Habits = { layout: settings.layout, snap, trueSize, pxPerMm, lightPaper }
  localStorage.setItem(KEPT, JSON.stringify(habits))
}

export function useView() {
  const [view, setView] = useState<View>(() => {
    const { layout, ...habits } = readHabits()
    return { ...habits, settings: { ...USUAL, layout }, filters: NO_FILTERS, march: false }
  })
  const change = (part: Partial<View>) => {
    const next = { ...view, ...part }
    setView(next)
    keepHabits(next)
  }
  const set = (part: Partial<Settings>) => change({ settings: { ...view.settings, ...part } })
  return { view, change, set }
}

export type Strip = ReturnType<typeof useView>

/** What a key does to the view; the caliper's own keys are the paper's. */
export function viewKeys({ view, change, set }: Strip): Record<string, () => void> {
  const { speed, gain, layout } = view.settings
  const lower = () => set({ gain: near(GAINS, gain, -1) })
  const higher = () => set({ gain: near(GAINS, gain, 1) })
  return {
    '[': () => set({ speed: near(SPEEDS, speed, -1) }),
    ']': () => set({ speed: near(SPEEDS, speed, 1) }),
    '-': lower,
    '=': higher,
    '+': higher,
    l: () => set({ layout: LAYOUTS[(LAYOUTS.indexOf(layout) + 1) % LAYOUTS.length] ?? layout }),
    z: () => change({ trueSize: !view.trueSize }),
    s: () => change({ snap: !view.snap }),
    r: () => change({ march: !view.march }),
  }
}

function near<T>(choices: readonly T[], now: T, by: 1 | -1): T {
  return choices[choices.indexOf(now) + by] ?? now
}

/**
 * Listens on the whole window while the strip is shown.
 *
 * Not the page's own key list: after a click on a speed button the focus stays on it, and `[` must
 * go on working there; only text being written is left alone.
 */
export function useStripKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || isWriting(event.target)) return
      const run = latest.current[comboOf(event)]
      if (run === undefined) return
      event.preventDefault()
      run()
    }
    window.addEventListener('keydown', listener)
    return () => window.removeEventListener('keydown', listener)
  }, [])
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[role="dialog"]') !== null) return true
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox'].includes(target.type)
  return ['TEXTAREA', 'SELECT'].includes(target.tagName)
}
