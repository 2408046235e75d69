/**
 * A drag of a block by mouse, pen or finger: how far it is now, and at its end how many columns aside
 * and pixels down. A finger lifts the block by resting on it, so that a stroke still scrolls.
 */
import { type MouseEvent, type PointerEvent, useEffect, useRef, useState } from 'react'

/** Pixels from which a press is a drag, and within which a finger rests. */
const FAR = 5
const STILL = 10
/** Milliseconds after which a resting finger has lifted the block. */
const RESTS = 400

interface Press {
  x: number
  y: number
  /** Whether it moves the block: a mouse at once, a finger once it has rested. */
  lifts: boolean
  moved: boolean
  block: HTMLElement
  pointer: number
  timer?: number
  /** Once it is lifted the finger moves the block and not the page. */
  hold: (event: TouchEvent) => void
}

export function useDrag(byDays: boolean, done: (columns: number, pixels: number) => void) {
  const [offset, setOffset] = useState<{ x: number; y: number } | null>(null)
  const press = useRef<Press | null>(null)
  const ended = useRef(false)

  const letGo = () => {
    if (press.current?.timer) window.clearTimeout(press.current.timer)
    press.current?.block.removeEventListener('touchmove', press.current.hold)
    press.current = null
    setOffset(null)
  }
  // A page that goes away while a finger rests lifts nothing.
  useEffect(() => () => window.clearTimeout(press.current?.timer), [])

  const lift = (by: Press) => {
    by.lifts = true
    by.block.setPointerCapture(by.pointer)
    navigator.vibrate?.(15)
    setOffset({ x: 0, y: 0 })
  }

  const drag = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || !event.isPrimary) return
      const finger = event.pointerType === 'touch'
      const by: Press = {
        x: event.clientX,
        y: event.clientY,
        lifts: !finger,
        moved: false,
        block: event.currentTarget,
        pointer: event.pointerId,
        hold: (touch) => {
          if (by.lifts) touch.preventDefault()
        },
      }
      ended.current = false
      press.current = by
      if (finger) {
        by.block.addEventListener('touchmove', by.hold, { passive: false })
        by.timer = window.setTimeout(() => lift(by), RESTS)
      } else by.block.setPointerCapture(by.pointer)
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const by = press.current
      if (!by) return
      const x = event.clientX - by.x
      const y = event.clientY - by.y
      if (!by.lifts) {
        if (Math.hypot(x, y) > STILL) letGo()
        return
      }
      if (!by.moved && Math.hypot(x, y) < FAR) return
      by.moved = true
      setOffset({ x: byDays ? x : 0, y })
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const by = press.current
      const wide = event.currentTarget.parentElement?.getBoundingClientRect().width ?? 1
      letGo()
      ended.current = by?.moved ?? false
      if (!by?.moved) return
      done(byDays ? Math.round((event.clientX - by.x) / wide) : 0, event.clientY - by.y)
    },
    onPointerCancel: letGo,
    // The click that ends a drag is none, and a finger that rests asks for no menu.
    onClickCapture: (event: MouseEvent) => {
      if (ended.current) event.stopPropagation()
      ended.current = false
    },
    onContextMenu: (event: MouseEvent) => {
      if (press.current?.timer) event.preventDefault()
    },
  }

  return { drag, offset }
}
