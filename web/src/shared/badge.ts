/**
 * What waits, for whoever works in another window: the count in the tab's title and on its icon.
 *
 * Several parts of the page may have something waiting; the sum is shown. Urgent is another shape,
 * not only another colour: a diamond instead of a disc.
 */
import { useEffect } from 'react'

export interface Waiting {
  count: number
  urgent: number
}

const SIZE = 32
const ICON = '/mark.svg'
const sources = new Map<string, Waiting>()
let drawn = ''

export function totalOf(all: Iterable<Waiting>): Waiting {
  let count = 0
  let urgent = 0
  for (const each of all) {
    count += each.count
    urgent += each.urgent
  }
  return { count, urgent }
}

export function titleOf({ count, urgent }: Waiting, name: string): string {
  if (count === 0) return name
  return `${urgent > 0 ? '◆' : ''}(${count}) ${name}`
}

/** Shows what waits here for as long as the component is shown. */
export function useBadge(source: string, count: number, urgent: number, name: string): void {
  useEffect(() => {
    sources.set(source, { count, urgent })
    show(name)
    return () => {
      sources.delete(source)
      show(name)
    }
  }, [source, count, urgent, name])
}

function show(name: string): void {
  const total = totalOf(sources.values())
  document.title = titleOf(total, name)
  const sign = total.count === 0 ? '' : `${total.urgent > 0 ? 'diamond' : 'disc'} ${total.count}`
  if (sign === drawn) return
  drawn = sign
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (link === null) return
  link.href = sign === '' ? ICON : pictureOf(total)
  link.type = sign === '' ? 'image/svg+xml' : 'image/png'
}

function pictureOf({ count, urgent }: Waiting): string {
  const canvas = document.createElement('canvas')
  canvas.width = SIZE
  canvas.height = SIZE
  const pen = canvas.getContext('2d')
  if (pen === null) return ICON
  const half = SIZE / 2
  pen.fillStyle = urgent > 0 ? '#c0262d' : '#0b6e7f'
  pen.beginPath()
  if (urgent > 0) {
    pen.moveTo(half, 0)
    for (const [x, y] of [
      [SIZE, half],
      [half, SIZE],
      [0, half],
    ] as const)
      pen.lineTo(x, y)
  } else pen.arc(half, half, half, 0, 2 * Math.PI)
  pen.fill()
  pen.fillStyle = '#fff'
  pen.font = `600 ${count > 99 ? 13 : 17}px system-ui, sans-serif`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(count > 99 ? '99+' : String(count), half, half + 1)
  return canvas.toDataURL('image/png')
}
