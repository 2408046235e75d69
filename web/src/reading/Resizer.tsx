/** The edge between pictures and report: dragged, or moved with the arrow keys. */
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import styles from './Resizer.module.css'
import { useWords } from './words'

const KEPT = 'telemed.panel'
const LEAST = 360
const MOST = 900
const USUAL = 460

export function usePanelWidth() {
  const [width, setWidth] = useState(() => clamp(Number(localStorage.getItem(KEPT) ?? USUAL)))
  const keep = (next: number) => {
    const fitting = clamp(next)
    localStorage.setItem(KEPT, String(fitting))
    setWidth(fitting)
  }
  return [width, keep] as const
}

function clamp(width: number): number {
  const room = Math.max(LEAST, Math.min(MOST, window.innerWidth - 480))
  return Number.isFinite(width) ? Math.min(room, Math.max(LEAST, width)) : USUAL
}

export function Resizer({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const t = useWords()
  const [dragging, setDragging] = useState(false)
  const drag = (event: PointerEvent) => {
    if (dragging) onWidth(window.innerWidth - event.clientX)
  }
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: 24, ArrowRight: -24 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    onWidth(width + by)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that is moved is the ARIA window splitter; hr cannot be.
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={t('resize')}
      aria-valuenow={width}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      tabIndex={0}
      className={`${styles.edge} ${dragging ? styles.dragging : ''}`}
      onKeyDown={step}
      onPointerDown={(event) => {
        // Captured, so the pointer may cross the viewer's frame without being lost to it.
        event.currentTarget.setPointerCapture(event.pointerId)
        setDragging(true)
      }}
      onPointerMove={drag}
      onPointerUp={() => setDragging(false)}
    />
  )
}
