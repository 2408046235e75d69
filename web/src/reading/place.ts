/**
 * Where somebody is in a case: the picture in the viewer, the cursor in the report.
 *
 * OHIF tells its services and Cornerstone on its window; of them only what their documentation
 * names is used, and whatever a version lacks is left out: then the case opens at its beginning.
 */
import type { PlaceIn } from '../shared/schema'

interface Viewport {
  getCurrentImageId?: () => string | undefined
  getImageIds?: () => string[]
  setImageIdIndex?: (index: number) => unknown
  element?: HTMLDivElement
}

interface ViewerWindow extends Window {
  services?: {
    viewportGridService?: {
      getActiveViewportId: () => string
      setDisplaySetsForViewport?: (to: {
        viewportId: string
        displaySetInstanceUIDs: string[]
      }) => unknown
    }
    cornerstoneViewportService?: { getCornerstoneViewport: (id: string) => Viewport | null }
    displaySetService?: {
      getActiveDisplaySets: () => { SeriesInstanceUID?: string; displaySetInstanceUID: string }[]
    }
  }
  cornerstone?: {
    utilities?: {
      jumpToSlice?: (element: HTMLDivElement, to: { imageIndex: number }) => Promise<unknown>
    }
  }
}

const IMAGE = /studies\/([0-9.]+)\/series\/([0-9.]+)\/instances\/([0-9.]+)(?:\/frames\/(\d+))?/
const WAIT_MS = 250
const TRIES = 120

function viewerWindow(): ViewerWindow | null {
  return document.querySelector<HTMLIFrameElement>('iframe[data-viewer]')?.contentWindow ?? null
}

function activeViewport(viewer: ViewerWindow): Viewport | null {
  const services = viewer.services
  try {
    const id = services?.viewportGridService?.getActiveViewportId()
    return id ? (services?.cornerstoneViewportService?.getCornerstoneViewport(id) ?? null) : null
  } catch {
    return null // while the viewer comes up a service is there before what it is made of
  }
}

/** The study, series, image and frame that an image id of the viewer names. */
export function imageOf(imageId: string | undefined): Partial<PlaceIn> {
  const [, study, series, image, frame] = IMAGE.exec(imageId ?? '') ?? []
  if (!study || !series || !image) return {}
  return { study, series, image, frame: Number(frame ?? 1) }
}

let lastField: HTMLTextAreaElement | null = null
document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLTextAreaElement && target.id.startsWith('report-')) lastField = target
})

/** Where one is now. */
export function placeNow(priors: readonly string[]): PlaceIn {
  const viewer = viewerWindow()
  const picture = viewer ? imageOf(activeViewport(viewer)?.getCurrentImageId?.()) : {}
  const field = lastField?.isConnected ? lastField : null
  const panel = document.querySelector('[data-report-panel]')
  return {
    ...picture,
    priors: priors.slice(0, 20),
    field: field ? field.id.replace('report-', '') : null,
    caret: field?.selectionStart ?? 0,
    scroll: Math.round(panel?.scrollTop ?? 0),
  }
}

/** Goes back there as the report and the viewer come up; the returned function gives up. */
export function goBackTo(place: PlaceIn): () => void {
  let tries = 0
  let report = false
  let picture = !place.image
  const timer = setInterval(() => {
    report ||= backInReport(place)
    picture ||= backInViewer(place)
    tries += 1
    if ((report && picture) || tries > TRIES) clearInterval(timer)
  }, WAIT_MS)
  return () => clearInterval(timer)
}

function backInReport(place: PlaceIn): boolean {
  const panel = document.querySelector('[data-report-panel]')
  const field = place.field
    ? document.querySelector<HTMLTextAreaElement>(`#report-${CSS.escape(place.field)}`)
    : null
  if (panel === null || (place.field && field === null)) return false
  field?.focus()
  field?.setSelectionRange(place.caret ?? 0, place.caret ?? 0)
  panel.scrollTop = place.scroll ?? 0
  return true
}

function backInViewer(place: PlaceIn): boolean {
  const viewer = viewerWindow()
  const viewport = viewer && activeViewport(viewer)
  if (!viewer || !viewport) return false
  const ids = viewport.getImageIds?.() ?? []
  const index = ids.findIndex((id) => {
    const at = imageOf(id)
    return at.image === place.image && at.frame === place.frame
  })
  if (index >= 0) {
    const jump = viewer.cornerstone?.utilities?.jumpToSlice
    if (jump && viewport.element) void jump(viewport.element, { imageIndex: index })
    else void viewport.setImageIdIndex?.(index)
    // Hanging the pictures may still put its own first: done when it stands there.
    return imageOf(viewport.getCurrentImageId?.()).image === place.image
  }
  hang(viewer, place.series ?? '')
  return false
}

/** Puts the series into the viewport that is looked at. */
function hang(viewer: ViewerWindow, series: string): void {
  const grid = viewer.services?.viewportGridService
  const set = viewer.services?.displaySetService
    ?.getActiveDisplaySets()
    .find((each) => each.SeriesInstanceUID === series)
  if (grid && set)
    grid.setDisplaySetsForViewport?.({
      viewportId: grid.getActiveViewportId(),
      displaySetInstanceUIDs: [set.displaySetInstanceUID],
    })
}
