/**
 * The picture viewer in its frame: OHIF's own services, and the viewport that somebody works in.
 *
 * OHIF is of our own origin and keeps its services on its window. Whatever is asked before it has
 * loaded answers that there is nothing. Knows nothing of views.
 */
import type { Point } from './views'

export interface Camera {
  focalPoint: Point
  position: Point
  viewUp: Point
  viewPlaneNormal: Point
  parallelScale: number
}

export interface Viewport {
  readonly type: string
  readonly canvas: HTMLCanvasElement
  getImageIds(): string[]
  getCurrentImageId(): string | undefined
  getCurrentImageIdIndex(): number
  setImageIdIndex(index: number): Promise<unknown>
  getProperties(): { voiRange?: { lower: number; upper: number } | null; invert?: boolean }
  setProperties(given: { voiRange?: { lower: number; upper: number }; invert?: boolean }): void
  getCamera(): Camera
  setCamera(camera: Partial<Camera>): void
  getViewPresentation(): { rotation: number; flipHorizontal: boolean; flipVertical: boolean }
  setViewPresentation(given: object): void
  canvasToWorld(at: readonly [number, number]): Point
  worldToCanvas(at: Point): readonly [number, number]
  render(): void
}

interface DisplaySet {
  displaySetInstanceUID: string
  StudyInstanceUID: string
  SeriesInstanceUID: string
  SOPClassHandlerId: string
}

interface Services {
  viewportGridService: {
    getActiveViewportId(): string | null
    getState(): {
      viewports: Map<string, { displaySetInstanceUIDs: string[]; x?: number; y?: number }>
    }
    setDisplaySetsForViewports(
      given: { viewportId: string; displaySetInstanceUIDs: string[] }[],
    ): unknown
  }
  displaySetService: {
    getActiveDisplaySets(): DisplaySet[]
    getDisplaySetByUID(uid: string): DisplaySet | undefined
  }
  hangingProtocolService: {
    getActiveProtocol(): { protocol?: { id: string } | null; stageIndex?: number }
  }
  cornerstoneViewportService: { getCornerstoneViewport(id: string): Viewport | null }
}

interface Inside {
  services?: Services
  commandsManager?: { runCommand(name: string, given: object): unknown }
}

/** A place on the page of the frame. */
export interface Place {
  x: number
  y: number
}

export const LOOK_MS = 100
const LOAD_MS = 10_000
const DEFAULT = 'default'

export const rest = (ms: number) => new Promise((done) => setTimeout(done, ms))

function insideOf(frame: HTMLIFrameElement): Inside {
  return (frame.contentWindow as (Window & Inside) | null) ?? {}
}

/** The services, asked something; null while they are not there or cannot be asked yet. */
function ask<T>(frame: HTMLIFrameElement, question: (services: Services) => T): T | null {
  const { services } = insideOf(frame)
  if (!services?.cornerstoneViewportService) return null
  try {
    return question(services)
  } catch {
    return null // the services stand on the window before they can be asked
  }
}

function viewportOf(frame: HTMLIFrameElement, id: string): Viewport | null {
  return ask(frame, (services) => services.cornerstoneViewportService.getCornerstoneViewport(id))
}

/** The viewport that somebody works in; null while there is none, and for a document. */
export function activeViewport(frame: HTMLIFrameElement): Viewport | null {
  const id = ask(frame, (services) => services.viewportGridService.getActiveViewportId())
  return id ? viewportOf(frame, id) : null
}

/** What stands in the viewport that somebody works in. */
export function activeSet(frame: HTMLIFrameElement): DisplaySet | null {
  return ask(frame, ({ viewportGridService, displaySetService }) => {
    const id = viewportGridService.getActiveViewportId() ?? ''
    const [uid] = viewportGridService.getState().viewports.get(id)?.displaySetInstanceUIDs ?? []
    return (uid && displaySetService.getDisplaySetByUID(uid)) || null
  })
}

/**
 * The layout by its name and stage, and the ids of its places, row by row. Most ids are made up anew
 * by each viewer: what two of them have in common is where a place stands.
 */
export function layoutOf(
  frame: HTMLIFrameElement,
): { name: string; stage: number; ids: string[] } | null {
  return ask(frame, ({ viewportGridService, hangingProtocolService }) => {
    const { protocol, stageIndex } = hangingProtocolService.getActiveProtocol()
    const places = [...viewportGridService.getState().viewports]
    places.sort(([, a], [, b]) => (a.y ?? 0) - (b.y ?? 0) || (a.x ?? 0) - (b.x ?? 0))
    const ids = places.map(([id]) => id)
    return protocol ? { name: protocol.id, stage: stageIndex ?? 0, ids } : null
  })
}

/** What stands in each place of the layout, row by row. */
export function viewportsOf(frame: HTMLIFrameElement): (Viewport | null)[] {
  return layoutOf(frame)?.ids.map((id) => viewportOf(frame, id)) ?? []
}

/** Asks for a layout; whether it stands already. */
export function askLayout(frame: HTMLIFrameElement, name: string, stage: number): boolean {
  const now = layoutOf(frame)
  if (now === null || (now.name === name && now.stage === stage)) return now !== null
  insideOf(frame).commandsManager?.runCommand('setHangingProtocol', {
    protocolId: name,
    stageIndex: stage,
  })
  return false
}

/** Shows a series in the viewport that somebody works in; whether it came to stand there. */
export async function atSeries(frame: HTMLIFrameElement, series: string): Promise<boolean> {
  const until = performance.now() + LOAD_MS
  let asked = false
  while (performance.now() < until) {
    if (activeSet(frame)?.SeriesInstanceUID === series) return true
    if (!asked) asked = askSeries(frame, series)
    await rest(LOOK_MS)
  }
  return false
}

function askSeries(frame: HTMLIFrameElement, series: string): boolean {
  const done = ask(frame, ({ viewportGridService, displaySetService }) => {
    const id = viewportGridService.getActiveViewportId()
    const set = displaySetService
      .getActiveDisplaySets()
      .find((one) => one.SeriesInstanceUID === series)
    if (!id || !set) return false
    viewportGridService.setDisplaySetsForViewports([
      { viewportId: id, displaySetInstanceUIDs: [set.displaySetInstanceUID] },
    ])
    return true
  })
  return done ?? false
}

/** The active viewport once it is of a type and shows a series, out of a layout of volumes too. */
export async function viewportAt(
  frame: HTMLIFrameElement,
  series: string,
  type: string,
): Promise<Viewport | null> {
  const volume = isVolume(activeViewport(frame))
  if (volume) askLayout(frame, DEFAULT, 0)
  if (!(await atSeries(frame, series))) return null
  const until = performance.now() + LOAD_MS
  while (performance.now() < until) {
    const found = activeViewport(frame)
    if (found?.type === type && found.getCurrentImageId()?.includes(`/series/${series}/`))
      return found
    await rest(LOOK_MS)
  }
  return null
}

export function isVolume(viewport: Viewport | null): boolean {
  return viewport?.type === 'orthographic' || viewport?.type === 'volume3d'
}

/** The width of a viewport by its height. */
export function aspectOf({ canvas }: Viewport): number {
  return canvas.clientWidth / Math.max(1, canvas.clientHeight)
}

/** The point under a place on the page of the frame; null beside the viewport. */
export function pointUnder(viewport: Viewport, at: Place): Point | null {
  const box = viewport.canvas.getBoundingClientRect()
  const [x, y] = [at.x - box.left, at.y - box.top]
  const beside = x < 0 || y < 0 || x > box.width || y > box.height
  return beside ? null : viewport.canvasToWorld([x, y])
}

/** Where a point stands on the page of the frame; null while it is out of sight. */
export function placeOn(viewport: Viewport, point: Point): Place | null {
  const box = viewport.canvas.getBoundingClientRect()
  const [x, y] = viewport.worldToCanvas(point)
  if (x < 0 || y < 0 || x > box.width || y > box.height) return null
  return { x: x + box.left, y: y + box.top }
}
