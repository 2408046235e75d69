/**
 * The viewer that everybody in the conference looks into: the presenter's is read ten times a
 * second and told when it changed; the others' follow, with the presenter's pointer above.
 * Touching one's own while following is looking freely, until one follows again.
 */
import { useEffect, useRef, useState } from 'react'
import styles from './CasePanel.module.css'
import { pointerOn, readView, showView, standsAt } from './ohif'
import type { Shown, View } from './views'
import { useWords } from './words'

const SAMPLE_MS = 100
const AGAIN_MS = 500
const DRIFT_MS = 1000
/** A viewer that cannot come to where the presenter is says so after a while. */
const LOST_MS = 15_000

interface Props {
  address: string
  presents: boolean
  /** The view to follow; null while one looks freely or nobody presents. */
  follow: View | null
  presenterName: string
  onView: (shown: Shown) => void
  /** One's own hand moved the viewer. */
  onTouched: () => void
}

export function SharedViewer(props: Props) {
  const t = useWords()
  const { address, presents, follow, presenterName, onView, onTouched } = props
  const frame = useRef<HTMLIFrameElement>(null)
  const pointer = useRef<{ x: number; y: number } | null>(null)
  const [loads, setLoads] = useState(0)
  usePointer(frame, pointer, loads, onTouched)
  useSampling(frame, pointer, presents, onView)
  const [arrow, setArrow] = useState<{ x: number; y: number } | null>(null)
  const lost = useFollowing(frame, follow, setArrow)
  return (
    <div className={styles.viewer}>
      <iframe
        ref={frame}
        key={address}
        src={address}
        title={t('viewer')}
        data-viewer
        className={styles.frame}
        onLoad={() => setLoads((n) => n + 1)}
      />
      {follow !== null && lost ? (
        <p className={styles.lost} role="status">
          {t('lost')}
        </p>
      ) : null}
      {follow !== null && arrow !== null ? (
        <span
          className={styles.pointer}
          data-pointer
          style={{ transform: `translate(${arrow.x}px, ${arrow.y}px)` }}
        >
          <svg width="16" height="20" viewBox="0 0 16 20" aria-hidden="true">
            <path d="M1 1l13 9-6 1 3.5 6.5-2.5 1.3L5.600 12.200 1 16z" />
          </svg>
          {presenterName}
        </span>
      ) : null}
    </div>
  )
}

type Frame = React.RefObject<HTMLIFrameElement | null>
type Pointer = React.RefObject<{ x: number; y: number } | null>

/** Keeps where the pointer is in the frame, and says when a hand moves the viewer. */
function usePointer(frame: Frame, pointer: Pointer, loads: number, onTouched: () => void): void {
  const touched = useRef(onTouched)
  touched.current = onTouched
  useEffect(() => {
    const inside = loads > 0 ? frame.current?.contentDocument : null
    if (!inside) return
    const move = (event: PointerEvent) => {
      pointer.current = { x: event.clientX, y: event.clientY }
    }
    const leave = () => {
      pointer.current = null
    }
    const touch = () => touched.current()
    const passive = { capture: true, passive: true }
    inside.addEventListener('pointermove', move, passive)
    inside.addEventListener('pointerleave', leave, passive)
    inside.documentElement.addEventListener('pointerleave', leave, passive)
    for (const kind of ['pointerdown', 'wheel', 'keydown'])
      inside.addEventListener(kind, touch, passive)
    return () => {
      inside.removeEventListener('pointermove', move, passive)
      inside.removeEventListener('pointerleave', leave, passive)
      inside.documentElement.removeEventListener('pointerleave', leave, passive)
      for (const kind of ['pointerdown', 'wheel', 'keydown'])
        inside.removeEventListener(kind, touch, passive)
    }
  }, [frame, pointer, loads])
}

/** Reads the presenter's viewer and tells what is different. */
function useSampling(
  frame: Frame,
  pointer: Pointer,
  presents: boolean,
  onView: (shown: Shown) => void,
): void {
  useEffect(() => {
    if (!presents) return
    let last = ''
    const timer = setInterval(() => {
      if (frame.current === null) return
      const seen = readView(frame.current, pointer.current)
      const told = JSON.stringify(seen)
      if (seen === null || told === last) return
      last = told
      onView(seen)
    }, SAMPLE_MS)
    return () => clearInterval(timer)
  }, [frame, pointer, presents, onView])
}

/** Moves one's own viewer after the presenter's, one view at a time, the latest next; whether it has
    not come there for long. */
function useFollowing(
  frame: Frame,
  follow: View | null,
  onPointer: (at: { x: number; y: number } | null) => void,
): boolean {
  const [lost, setLost] = useState(false)
  const since = useRef(0)
  const wanted = useRef<View | null>(null)
  const busy = useRef(false)
  useEffect(() => {
    wanted.current = follow
    if (follow === null) {
      since.current = 0
      setLost(false)
      return
    }
    since.current ||= performance.now()
    const step = async (view: View) => {
      const stands = frame.current !== null && (await showView(frame.current, view).catch(no))
      // A viewer that is still loading is asked again until it stands there or something is newer.
      if (stands) since.current = performance.now()
      setLost(performance.now() - since.current > LOST_MS)
      if (!stands) await new Promise((done) => setTimeout(done, AGAIN_MS))
      else if (wanted.current === view) wanted.current = null
      if (frame.current !== null) onPointer(pointerOn(frame.current, view))
    }
    const run = async () => {
      if (busy.current) return
      busy.current = true
      while (wanted.current !== null && frame.current !== null) await step(wanted.current)
      busy.current = false
    }
    void run()
    // A hand would have ended the following: what has moved otherwise is put back.
    const timer = setInterval(() => {
      if (busy.current || frame.current === null || standsAt(frame.current, follow)) return
      wanted.current = follow
      void run()
    }, DRIFT_MS)
    return () => clearInterval(timer)
  }, [frame, follow, onPointer])
  return lost
}

const no = () => false
