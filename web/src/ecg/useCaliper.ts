/** The caliper in the hand: pressed, dragged, released, and moved by keys. */
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { type Caliper, cellOf, type Handle, handleAt, moved, pointAt, snapped } from './measure'
import { type Cell, cellAt, type Sheet } from './paper'
import { useStripKeys } from './useStrip'
import type { Signal } from './waveform'

/** What a caliper stands on. */
export interface Ground {
  sheet: Sheet
  signal: Signal
  pxPerMm: number
  snap: boolean
}

interface Drag {
  cell: Cell
  end: 'from' | 'to'
}

export type CaliperInHand = ReturnType<typeof useCaliper>

/** A hand's reach around an end, in CSS pixels. */
const REACH_PX = 10

export function useCaliper(ground: Ground, onTake: (caliper: Caliper) => void) {
  const { sheet, signal, pxPerMm, snap } = ground
  const [held, setHeld] = useState<Caliper | null>(null)
  const [drag, setDrag] = useState<Drag | null>(null)
  const [active, setActive] = useState<'from' | 'to'>('to')
  // Read from the signal drawn now: a filter switched on changes what lies under the caliper.
  const caliper = held && snap ? snapped(held, signal) : held
  const cell = caliper && cellOf(sheet, caliper)
  const clear = () => setHeld(null)

  const take = (end: Drag['end'], within: Cell, hold: Caliper) => {
    setHeld(hold)
    setActive(end)
    setDrag({ cell: within, end })
  }
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const at = pointOf(event, pxPerMm)
    const end = caliper && cell && handleAt(cell, caliper, at, REACH_PX / pxPerMm)
    if (end) return take(end, cell, caliper)
    const under = cellAt(sheet, at.x, at.y)
    if (under === null || !signal.leads.get(under.lead)?.mv) return
    const point = pointAt(under, signal, at.x, at.y, snap)
    take('to', under, { lead: under.lead, from: point, to: point })
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (drag === null || held === null) return
    const { x, y } = pointOf(event, pxPerMm)
    setHeld({ ...held, [drag.end]: pointAt(drag.cell, signal, x, y, snap) })
  }
  const onPointerUp = () => {
    setDrag(null)
    // A press without a drag measures nothing.
    if (held && held.from.time === held.to.time && held.from.mv === held.to.mv) clear()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (caliper === null || event.target !== event.currentTarget) return
    const next = pushed(event, caliper, active, ground)
    if (next) setHeld(next)
    else if (event.key === ' ') setActive(active === 'from' ? 'to' : 'from')
    else if (event.key === 'Enter') onTake(caliper)
    else return
    event.preventDefault()
  }

  useStripKeys({
    c: () => setHeld(held ?? placed(sheet, signal)),
    ...(held ? { Delete: clear, Escape: clear } : {}),
  })
  const handlers = {
    onPointerDown,
    onPointerMove,
    onPointerUp,
    onPointerCancel: onPointerUp,
    onKeyDown,
  }
  return { caliper, cell, active, dragging: drag !== null, clear, handlers }
}

function pointOf(event: PointerEvent<HTMLElement>, pxPerMm: number) {
  const box = event.currentTarget.getBoundingClientRect()
  return { x: (event.clientX - box.left) / pxPerMm, y: (event.clientY - box.top) / pxPerMm }
}

const ARROWS: Record<string, { time: number; mv: number }> = {
  ArrowLeft: { time: -1, mv: 0 },
  ArrowRight: { time: 1, mv: 0 },
  ArrowUp: { time: 0, mv: 1 },
  ArrowDown: { time: 0, mv: -1 },
}

/** By an arrow: one sample or 0.01 mV, with Shift a small square, with Alt the whole caliper. */
function pushed(
  event: KeyboardEvent<HTMLElement>,
  caliper: Caliper,
  active: Handle,
  { sheet, signal, snap }: Ground,
): Caliper | null {
  const arrow = ARROWS[event.key]
  if (arrow === undefined) return null
  const { speed, gain } = sheet.settings
  const by = event.shiftKey
    ? { time: 1 / speed, mv: 1 / gain }
    : { time: 1 / signal.rate, mv: 0.01 }
  const step = { time: arrow.time * by.time, mv: arrow.mv * by.mv }
  const next = moved(caliper, event.altKey ? 'both' : active, step, signal)
  return snap ? snapped(next, signal) : next
}

/** A caliper to begin with from the keyboard: 200 ms of the last row, the rhythm strip. */
function placed(sheet: Sheet, signal: Signal): Caliper | null {
  const cell = sheet.rows.at(-1)?.cells[0]
  if (!cell || !signal.leads.get(cell.lead)?.mv) return null
  const time = cell.t0 + Math.min(1, (cell.t1 - cell.t0) / 4)
  const from = { time, mv: cell.offsetMv }
  return { lead: cell.lead, from, to: { time: Math.min(cell.t1, time + 0.2), mv: cell.offsetMv } }
}
