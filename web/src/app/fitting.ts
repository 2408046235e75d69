/** How many things beside each other have room. */
const GAP = 4

/** How many of the doors fit in a width; the last of `widths` is that of the one for the others. */
export function fitting(widths: readonly number[], room: number): number {
  const doors = widths.slice(0, -1)
  const more = (widths.at(-1) ?? 0) + GAP
  const whole = doors.reduce((sum, width) => sum + width + GAP, -GAP)
  if (whole <= room) return doors.length
  let used = more - GAP
  const first = doors.findIndex((width) => {
    used += width + GAP
    return used > room
  })
  return Math.max(0, first)
}
