/**
 * A volume in the viewer: planes through it, or the whole of it seen from somewhere, in a layout
 * that stands in every viewer. Read as a view and moved to one by the camera of each place.
 */
import {
  activeSet,
  activeViewport,
  askLayout,
  aspectOf,
  atSeries,
  isVolume,
  LOOK_MS,
  layoutOf,
  type Place,
  pointUnder,
  rest,
  type Viewport,
  viewportsOf,
} from './frame'
import {
  LAYOUTS,
  type Plane,
  type Point,
  place,
  rounded,
  type Shown,
  type VolumeView,
} from './views'

const LOAD_MS = 20_000
/** Millimetres: less than the width of a slice. */
const NEAR_MM = 0.05

export function readVolume(
  frame: HTMLIFrameElement,
  set: { StudyInstanceUID: string; SeriesInstanceUID: string },
  pointer: Place | null,
): Shown | null {
  const now = layoutOf(frame)
  const layout = LAYOUTS.find((one) => one === now?.name)
  if (now === null || layout === undefined) return { kind: 'other' }
  const here = viewportsOf(frame).flatMap(placed)
  if (here.length === 0) return null
  return {
    kind: 'volume',
    study: set.StudyInstanceUID,
    series: set.SeriesInstanceUID,
    layout,
    stage: now.stage,
    planes: here.map((one) => planeOf(...one)),
    pointer: pointer === null ? null : pointed(here, pointer),
  }
}

function placed(viewport: Viewport | null, number: number): [number, Viewport][] {
  return viewport !== null && isVolume(viewport) ? [[number, viewport]] : []
}

function planeOf(number: number, viewport: Viewport): Plane {
  const { focalPoint, position, viewUp, parallelScale } = viewport.getCamera()
  const { voiRange } = viewport.getProperties()
  return {
    place: number,
    centre: place(focalPoint),
    from: place(position),
    up: place(viewUp),
    scale: rounded(parallelScale),
    aspect: rounded(aspectOf(viewport)),
    // The colours of a whole volume are no window.
    voi:
      voiRange && viewport.type === 'orthographic'
        ? [rounded(voiRange.lower), rounded(voiRange.upper)]
        : null,
  }
}

function pointed(here: [number, Viewport][], pointer: Place): VolumeView['pointer'] {
  for (const [number, viewport] of here) {
    const point = pointUnder(viewport, pointer)
    if (point !== null) return { place: number, at: place(point) }
  }
  return null
}

export async function showVolume(frame: HTMLIFrameElement, view: VolumeView): Promise<boolean> {
  if (!(await seriesAlone(frame, view.series))) return false
  const until = performance.now() + LOAD_MS
  askLayout(frame, view.layout, view.stage)
  while (!isThere(frame, view)) {
    if (performance.now() > until) return false
    await rest(LOOK_MS)
  }
  const here = viewportsOf(frame)
  for (const plane of view.planes) {
    const viewport = here[plane.place]
    if (viewport) moveTo(viewport, plane)
  }
  return true
}

/** Shows a series, out of a layout whose other places would keep the one before. */
async function seriesAlone(frame: HTMLIFrameElement, series: string): Promise<boolean> {
  const until = performance.now() + LOAD_MS
  const others = () =>
    isVolume(activeViewport(frame)) && activeSet(frame)?.SeriesInstanceUID !== series
  if (others()) askLayout(frame, 'default', 0)
  while (others() && performance.now() < until) await rest(LOOK_MS)
  return atSeries(frame, series)
}

/** Whether the layout stands with all its places, each with something to look at. */
function isThere(frame: HTMLIFrameElement, view: VolumeView): boolean {
  const now = layoutOf(frame)
  if (now?.name !== view.layout || now.stage !== view.stage) return false
  const here = viewportsOf(frame)
  return view.planes.every((plane) => {
    const viewport = here[plane.place]
    return viewport && isVolume(viewport) && Boolean(viewport.getProperties().voiRange)
  })
}

function moveTo(viewport: Viewport, plane: Plane): void {
  if (stands(viewport, plane)) return
  if (plane.voi !== null) {
    const [lower, upper] = plane.voi
    viewport.setProperties({ voiRange: { lower, upper } })
  }
  viewport.setCamera({
    focalPoint: plane.centre,
    position: plane.from,
    viewUp: plane.up,
    viewPlaneNormal: towards(plane.centre, plane.from),
    parallelScale: scaleFor(viewport, plane),
  })
  viewport.render()
}

function scaleFor(viewport: Viewport, plane: Plane): number {
  return plane.scale * Math.max(1, plane.aspect / aspectOf(viewport))
}

function towards(from: Point, to: Point): Point {
  const way: Point = [to[0] - from[0], to[1] - from[1], to[2] - from[2]]
  const length = Math.hypot(...way) || 1
  return [way[0] / length, way[1] / length, way[2] / length]
}

function stands(viewport: Viewport, plane: Plane): boolean {
  const now = planeOf(plane.place, viewport)
  const near = (one: Point, other: Point, most: number) =>
    Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]) < most
  const scale = scaleFor(viewport, plane)
  return (
    near(now.centre, plane.centre, NEAR_MM) &&
    near(now.up, plane.up, 0.01) &&
    near(towards(now.centre, now.from), towards(plane.centre, plane.from), 0.01) &&
    Math.abs(now.scale - scale) < scale * 0.002 &&
    JSON.stringify(now.voi) === JSON.stringify(plane.voi)
  )
}

/** Whether every place of the volume is where a view says. */
export function volumeStandsAt(frame: HTMLIFrameElement, view: VolumeView): boolean {
  if (!isThere(frame, view)) return false
  const here = viewportsOf(frame)
  return view.planes.every((plane) => {
    const viewport = here[plane.place]
    return viewport && stands(viewport, plane)
  })
}
