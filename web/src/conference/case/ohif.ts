/**
 * The picture viewer in its frame, as one reads where it stands and moves it elsewhere.
 *
 * OHIF is of our own origin and keeps its services on its window. A view holds ids and numbers
 * only: which image, its window, and which part of it in millimetres of the patient, so that frames
 * of any size show the same. Knows nothing of who presents and who follows.
 */
type Point = readonly [number, number, number]

export interface View {
  readonly kind: 'images'
  readonly study: string
  readonly series: string
  /** Instance and frame, as in the address of the image. */
  readonly image: string
  readonly voi: readonly [number, number] | null
  readonly invert: boolean
  /** Half the height of what is seen, in millimetres, and its width by its height. */
  readonly scale: number
  readonly aspect: number
  readonly centre: Point
  readonly turn: number
  readonly flips: readonly [boolean, boolean]
  readonly pointer: Point | null
}

interface Camera {
  focalPoint: Point
  position: Point
  parallelScale: number
}

interface Viewport {
  readonly type: string
  readonly element: HTMLElement
  readonly canvas: HTMLCanvasElement
  getImageIds(): string[]
  getCurrentImageId(): string | undefined
  getCurrentImageIdIndex(): number
  setImageIdIndex(index: number): Promise<unknown>
  getProperties(): { voiRange?: { lower: number; upper: number } | null; invert?: boolean }
  setProperties(given: { voiRange?: { lower: number; upper: number }; invert?: boolean }): void
  getCamera(): Camera
  setCamera(camera: Camera): void
  getViewPresentation(): { rotation: number; flipHorizontal: boolean; flipVertical: boolean }
  setViewPresentation(given: object): void
  canvasToWorld(at: readonly [number, number]): Point
  worldToCanvas(at: Point): readonly [number, number]
  render(): void
}

interface Services {
  viewportGridService: {
    getActiveViewportId(): string | null
    setDisplaySetsForViewports(
      given: { viewportId: string; displaySetInstanceUIDs: string[] }[],
    ): unknown
  }
  displaySetService: {
    getActiveDisplaySets(): { displaySetInstanceUID: string; SeriesInstanceUID: string }[]
  }
  cornerstoneViewportService: { getCornerstoneViewport(id: string): Viewport | null }
}

const IMAGE = /\/studies\/([^/]+)\/series\/([^/]+)\/instances\/([^/]+\/frames\/\d+)/
const LOAD_MS = 10_000
const LOOK_MS = 100
const IMAGE_MS = 1500

function servicesOf(frame: HTMLIFrameElement): Services | null {
  const found = (frame.contentWindow as (Window & { services?: Services }) | null)?.services
  return found?.cornerstoneViewportService ? found : null
}

/** The viewport that somebody works in, whatever it shows; null while there is none. */
function viewportOf(frame: HTMLIFrameElement): { id: string; viewport: Viewport | null } | null {
  const services = servicesOf(frame)
  try {
    const id = services?.viewportGridService.getActiveViewportId()
    if (!services || !id) return null
    return { id, viewport: services.cornerstoneViewportService.getCornerstoneViewport(id) }
  } catch {
    return null // the services stand on the window before they can be asked
  }
}

function activeViewport(frame: HTMLIFrameElement): Viewport | null {
  const found = viewportOf(frame)?.viewport
  return found?.type === 'stack' && found.getCurrentImageId() ? found : null
}

/** Whether the viewer shows something that cannot be followed: a volume, a slide, a document. */
export function isElsewhere(frame: HTMLIFrameElement): boolean {
  const found = viewportOf(frame)?.viewport
  return Boolean(found && found.type !== 'stack')
}

/** Where the viewer stands; `pointer` is a place on the page of the frame. */
export function readView(
  frame: HTMLIFrameElement,
  pointer: { x: number; y: number } | null,
): View | null {
  const viewport = activeViewport(frame)
  const found = IMAGE.exec(viewport?.getCurrentImageId() ?? '')
  if (viewport === null || found === null) return null
  const [, study = '', series = '', image = ''] = found
  const { voiRange, invert } = viewport.getProperties()
  const { rotation, flipHorizontal, flipVertical } = viewport.getViewPresentation()
  const { clientWidth, clientHeight } = viewport.canvas
  return {
    kind: 'images',
    study,
    series,
    image,
    voi: voiRange ? [rounded(voiRange.lower), rounded(voiRange.upper)] : null,
    invert: invert ?? false,
    scale: rounded(viewport.getCamera().parallelScale),
    aspect: rounded(clientWidth / Math.max(1, clientHeight)),
    centre: place(viewport.canvasToWorld([clientWidth / 2, clientHeight / 2])),
    turn: rounded(rotation),
    flips: [flipHorizontal, flipVertical],
    pointer: pointer === null ? null : pointed(viewport, pointer),
  }
}

function pointed(viewport: Viewport, at: { x: number; y: number }): Point | null {
  const box = viewport.canvas.getBoundingClientRect()
  const [x, y] = [at.x - box.left, at.y - box.top]
  if (x < 0 || y < 0 || x > box.width || y > box.height) return null
  return place(viewport.canvasToWorld([x, y]))
}

/** Moves the viewer to a view; whether it could. */
export async function showView(frame: HTMLIFrameElement, view: View): Promise<boolean> {
  const viewport = await atSeries(frame, view.series)
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

/** Shows the same part of the image: whatever the other saw, and more where the frame is wider. */
function frameOn(viewport: Viewport, view: View): void {
  const { clientWidth, clientHeight } = viewport.canvas
  const camera = viewport.getCamera()
  const now = viewport.canvasToWorld([clientWidth / 2, clientHeight / 2])
  const aspect = clientWidth / Math.max(1, clientHeight)
  const moved = (point: Point): Point => [
    point[0] + view.centre[0] - now[0],
    point[1] + view.centre[1] - now[1],
    point[2] + view.centre[2] - now[2],
  ]
  viewport.setCamera({
    focalPoint: moved(camera.focalPoint),
    position: moved(camera.position),
    parallelScale: view.scale * Math.max(1, view.aspect / aspect),
  })
}

/** The active viewport once it shows a series; null when the study has no such series. */
async function atSeries(frame: HTMLIFrameElement, series: string): Promise<Viewport | null> {
  const until = performance.now() + LOAD_MS
  let asked = false
  while (performance.now() < until) {
    const viewport = activeViewport(frame)
    if (viewport?.getCurrentImageId()?.includes(`/series/${series}/`)) return viewport
    const services = servicesOf(frame)
    const id = viewportOf(frame)?.id
    const set = services?.displaySetService
      .getActiveDisplaySets()
      .find((one) => one.SeriesInstanceUID === series)
    if (services && id && set && !asked) {
      asked = true
      services.viewportGridService.setDisplaySetsForViewports([
        { viewportId: id, displaySetInstanceUIDs: [set.displaySetInstanceUID] },
      ])
    }
    await rest(LOOK_MS)
  }
  return null
}

/** Whether the viewer is at a view's image and window; one that has just loaded sets its own. */
export function standsAt(frame: HTMLIFrameElement, view: View): boolean {
  const now = readView(frame, null)
  if (now === null || now.image !== view.image) return false
  return view.voi === null || JSON.stringify(now.voi) === JSON.stringify(view.voi)
}

/** Where a view's pointer stands on the page of the frame; null while it is out of sight. */
export function pointerOn(frame: HTMLIFrameElement, view: View): { x: number; y: number } | null {
  const viewport = activeViewport(frame)
  if (viewport === null || view.pointer === null) return null
  if (!viewport.getCurrentImageId()?.endsWith(`/instances/${view.image}`)) return null
  const box = viewport.canvas.getBoundingClientRect()
  const [x, y] = viewport.worldToCanvas(view.pointer)
  if (x < 0 || y < 0 || x > box.width || y > box.height) return null
  return { x: x + box.left, y: y + box.top }
}

const rest = (ms: number) => new Promise((done) => setTimeout(done, ms))
const rounded = (value: number) => Math.round(value * 1000) / 1000
const place = (at: Point): Point => [rounded(at[0]), rounded(at[1]), rounded(at[2])]
