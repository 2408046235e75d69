/**
 * Where the picture viewer stands, read as a view, and moved to one: an image of a series, a part of
 * a slide, planes through a volume, a document. Knows nothing of who presents and who follows.
 */
import {
  activeSet,
  activeViewport,
  aspectOf,
  atSeries,
  isVolume,
  layoutOf,
  type Place,
  placeOn,
  pointUnder,
  rest,
  type Viewport,
  viewportAt,
  viewportsOf,
} from './frame'
import type { ImageView, Point, Shown, SlideView, View } from './views'
import { place, rounded } from './views'
import { readVolume, showVolume, volumeStandsAt } from './volumes'

const IMAGE = /\/studies\/([^/]+)\/series\/([^/]+)\/instances\/([^/]+\/frames\/\d+)/
const DOCUMENT = /pdf|video|dicom-sr|sr-text/i
const SLIDE = 'wholeSlide'
const IMAGE_MS = 1500
/** Of half the height that is seen: less than a pixel of any frame. */
const NEAR = 0.002

/** An answer of the viewer; while it loads its places throw where they have none yet. */
function asked<T>(question: () => T, meanwhile: T): T {
  try {
    return question()
  } catch {
    return meanwhile
  }
}

/** Where the viewer stands; null while it loads, `other` for what nobody can follow. */
export function readView(frame: HTMLIFrameElement, pointer: Place | null): Shown | null {
  return asked(() => read(frame, pointer), null)
}

function read(frame: HTMLIFrameElement, pointer: Place | null): Shown | null {
  const viewport = activeViewport(frame)
  const set = activeSet(frame)
  if (set !== null && DOCUMENT.test(set.SOPClassHandlerId))
    return { kind: 'document', study: set.StudyInstanceUID, series: set.SeriesInstanceUID }
  if (viewport === null) return null
  if (isVolume(viewport)) return set === null ? null : readVolume(frame, set, pointer)
  if (viewport.type === SLIDE) return set === null ? null : readSlide(viewport, set, pointer)
  return viewport.type === 'stack' ? readImage(frame, viewport, pointer) : { kind: 'other' }
}

function readImage(
  frame: HTMLIFrameElement,
  viewport: Viewport,
  pointer: Place | null,
): ImageView | null {
  const found = IMAGE.exec(viewport.getCurrentImageId() ?? '')
  if (found === null) return null
  const [, study = '', series = '', image = ''] = found
  const { voiRange, invert } = viewport.getProperties()
  const { rotation, flipHorizontal, flipVertical } = viewport.getViewPresentation()
  return {
    kind: 'images',
    study,
    series,
    image,
    voi: voiRange ? [rounded(voiRange.lower), rounded(voiRange.upper)] : null,
    invert: invert ?? false,
    alone: (layoutOf(frame)?.ids.length ?? 1) === 1,
    ...framed(viewport),
    turn: rounded(rotation),
    flips: [flipHorizontal, flipVertical],
    pointer: pointed(viewport, pointer),
  }
}

interface OfSeries {
  StudyInstanceUID: string
  SeriesInstanceUID: string
}

function readSlide(viewport: Viewport, set: OfSeries, pointer: Place | null): SlideView {
  return {
    kind: 'slide',
    study: set.StudyInstanceUID,
    series: set.SeriesInstanceUID,
    ...framed(viewport),
    pointer: pointed(viewport, pointer),
  }
}

function framed(viewport: Viewport) {
  return {
    scale: rounded(viewport.getCamera().parallelScale),
    aspect: rounded(aspectOf(viewport)),
    centre: place(middleOf(viewport)),
  }
}

function middleOf(viewport: Viewport): Point {
  const { clientWidth, clientHeight } = viewport.canvas
  return viewport.canvasToWorld([clientWidth / 2, clientHeight / 2])
}

function pointed(viewport: Viewport, pointer: Place | null): Point | null {
  const point = pointer === null ? null : pointUnder(viewport, pointer)
  return point === null ? null : place(point)
}

/** Moves the viewer to a view; whether it could. */
export async function showView(frame: HTMLIFrameElement, view: View): Promise<boolean> {
  if (view.kind === 'images') return showImage(frame, view)
  if (view.kind === 'slide') return showSlide(frame, view)
  if (view.kind === 'volume') return showVolume(frame, view)
  return atSeries(frame, view.series)
}

async function showImage(frame: HTMLIFrameElement, view: ImageView): Promise<boolean> {
  const viewport = await viewportAt(frame, view.series, 'stack')
  const ids = viewport?.getImageIds() ?? []
  const index = ids.findIndex((id) => id.endsWith(`/instances/${view.image}`))
  if (viewport === null || index < 0) return false
  if (viewport.getCurrentImageIdIndex() !== index)
    // An image that a hand scrolled past meanwhile may never say that it was loaded.
    await Promise.race([viewport.setImageIdIndex(index), rest(IMAGE_MS)])
  if (view.voi !== null) {
    const [lower, upper] = view.voi
    viewport.setProperties({ voiRange: { lower, upper }, invert: view.invert })
  }
  const { rotation, flipHorizontal, flipVertical } = viewport.getViewPresentation()
  const [flipH, flipV] = view.flips
  if (rounded(rotation) !== view.turn || flipHorizontal !== flipH || flipVertical !== flipV)
    viewport.setViewPresentation({
      rotation: view.turn,
      flipHorizontal: flipH,
      flipVertical: flipV,
    })
  frameOn(viewport, view)
  viewport.render()
  return true
}

async function showSlide(frame: HTMLIFrameElement, view: SlideView): Promise<boolean> {
  const viewport = await viewportAt(frame, view.series, SLIDE)
  if (viewport === null) return false
  // The slide's viewport reckons where the middle is before it has the new scale: once more.
  frameOn(viewport, view)
  frameOn(viewport, view)
  viewport.render()
  return true
}

/** Shows the same part of the image: whatever the other saw, and more where the frame is wider. */
function frameOn(viewport: Viewport, view: ImageView | SlideView): void {
  const camera = viewport.getCamera()
  const now = middleOf(viewport)
  const moved = (point: Point): Point => [
    point[0] + view.centre[0] - now[0],
    point[1] + view.centre[1] - now[1],
    point[2] + view.centre[2] - now[2],
  ]
  viewport.setCamera({
    focalPoint: moved(camera.focalPoint),
    position: moved(camera.position),
    parallelScale: scaleFor(viewport, view),
  })
}

function scaleFor(viewport: Viewport, view: ImageView | SlideView): number {
  return view.scale * Math.max(1, view.aspect / aspectOf(viewport))
}

/** Whether the viewer is where a view says; one that has just loaded sets its own. */
export function standsAt(frame: HTMLIFrameElement, view: View): boolean {
  return asked(() => stands(frame, view), false)
}

function stands(frame: HTMLIFrameElement, view: View): boolean {
  if (view.kind === 'document') return activeSet(frame)?.SeriesInstanceUID === view.series
  if (view.kind === 'volume') return volumeStandsAt(frame, view)
  const now = readView(frame, null)
  if (view.kind === 'slide') {
    const viewport = activeViewport(frame)
    if (now?.kind !== 'slide' || viewport === null || now.series !== view.series) return false
    const far = Math.hypot(...now.centre.map((at, axis) => at - (view.centre[axis] ?? 0)))
    const scale = scaleFor(viewport, view)
    return far < scale * NEAR && Math.abs(now.scale - scale) < scale * NEAR
  }
  if (now?.kind !== 'images' || now.image !== view.image) return false
  return view.voi === null || JSON.stringify(now.voi) === JSON.stringify(view.voi)
}

/** Where a view's pointer stands on the page of the frame; null while it is out of sight. */
export function pointerOn(frame: HTMLIFrameElement, view: View): Place | null {
  return asked(() => pointerIn(frame, view), null)
}

function pointerIn(frame: HTMLIFrameElement, view: View): Place | null {
  if (view.kind === 'document' || view.pointer === null) return null
  if (view.kind === 'volume') {
    const here = layoutOf(frame)?.name === view.layout
    const viewport = here ? viewportsOf(frame)[view.pointer.place] : null
    return viewport ? placeOn(viewport, view.pointer.at) : null
  }
  const viewport = activeViewport(frame)
  if (viewport === null || activeSet(frame)?.SeriesInstanceUID !== view.series) return null
  const there = view.kind === 'slide' || viewport.getCurrentImageId()?.endsWith(view.image)
  return there ? placeOn(viewport, view.pointer) : null
}
