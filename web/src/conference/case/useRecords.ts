/**
 * The records that everybody reads: where the presenter's stand is told when they scroll, and the
 * others' follow by the row at the top, whatever the width of their page.
 */
import { useEffect, useRef } from 'react'
import { heightOf, type RecordsView, type Row, rowAt } from './views'

const ROWS = 'h2, h4, p, dt, dd'
const QUIET_MS = 100
const DRIFT_MS = 1000

interface Props {
  presents: boolean
  /** Where to stand; null while one reads freely. */
  follow: RecordsView | null
  onPlace: (view: RecordsView) => void
  /** One's own hand moved the page. */
  onTouched: () => void
}

/** For the element that scrolls. */
export function useRecords({ presents, follow, onPlace, onTouched }: Props) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const page = place.current
    if (!presents || page === null) return
    let waits: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      waits = undefined
      onPlace(rowAt(rowsOf(page), page.scrollTop))
    }
    const moved = () => {
      waits ??= setTimeout(tell, QUIET_MS)
    }
    tell()
    page.addEventListener('scroll', moved, { passive: true })
    return () => {
      clearTimeout(waits)
      page.removeEventListener('scroll', moved)
    }
  }, [presents, onPlace])
  useEffect(() => {
    const page = place.current
    if (follow === null || page === null) return
    const go = () => {
      const height = heightOf(rowsOf(page), follow)
      if (height !== null) page.scrollTop = height
    }
    go()
    // What comes late above (a form that loads, a window that gets narrower) moves it.
    const timer = setInterval(go, DRIFT_MS)
    for (const kind of HANDS) page.addEventListener(kind, onTouched, { passive: true })
    return () => {
      clearInterval(timer)
      for (const kind of HANDS) page.removeEventListener(kind, onTouched)
    }
  }, [follow, onTouched])
  return place
}

const HANDS = ['wheel', 'pointerdown', 'keydown', 'touchmove'] as const

/** Tops and bottoms from the top of what scrolls, in the order of the page. */
function rowsOf(page: HTMLElement): Row[] {
  const above = page.getBoundingClientRect().top - page.scrollTop
  return [...page.querySelectorAll(ROWS)].map((one) => {
    const { top, bottom } = one.getBoundingClientRect()
    return [top - above, bottom - above]
  })
}
