/** One viewer is read and another is moved to where it stands; both are stand-ins for OHIF's. */
import { describe, expect, it } from 'vitest'
import type { Camera, Viewport } from './frame'
import { readView, showView, standsAt } from './ohif'
import { heardShown, isView, type View } from './views'

const STACK = '@ohif/extension-default.sopClassHandlerModule.stack'
const PDF = '@ohif/extension-dicom-pdf.sopClassHandlerModule.dicom-pdf'
const SETS = [
  { displaySetInstanceUID: 'ct', SeriesInstanceUID: '1.2.1', SOPClassHandlerId: STACK },
  { displaySetInstanceUID: 'sheet', SeriesInstanceUID: '1.2.2', SOPClassHandlerId: PDF },
].map((one) => ({ ...one, StudyInstanceUID: '1.2' }))
/** The types of the places of a layout, row by row. */
const LAYOUTS: Record<string, string[]> = {
  default: ['stack'],
  mpr: ['orthographic', 'orthographic', 'orthographic'],
  fourUp: ['orthographic', 'volume3d', 'orthographic', 'orthographic'],
}

function viewportOf(type: string): Viewport {
  let camera: Camera = {
    focalPoint: [0, 0, 0],
    position: [0, 0, -400],
    viewUp: [0, -1, 0],
    viewPlaneNormal: [0, 0, -1],
    parallelScale: 190,
  }
  let voiRange = { lower: -1300, upper: 199 }
  return {
    type,
    canvas: { clientWidth: 300, clientHeight: 300 },
    getCamera: () => camera,
    setCamera: (given: Partial<Camera>) => {
      camera = { ...camera, ...given }
    },
    getProperties: () => ({ voiRange }),
    setProperties: (given: { voiRange?: typeof voiRange }) => {
      voiRange = given.voiRange ?? voiRange
    },
    getCurrentImageId: () => undefined,
    render: () => undefined,
  } as unknown as Viewport
}

interface Place {
  displaySetInstanceUIDs: string[]
  x: number
  y: number
}

/** A viewer that makes up its places' ids, as OHIF does, and remembers them in an order of its own. */
function viewerOf(name: string, layout: string) {
  let protocol = layout
  let made: [string, Viewport][] = []
  let places = new Map<string, Place>()
  const lay = (next: string) => {
    protocol = next
    made = (LAYOUTS[next] ?? []).map((type, n) => [`${name}-${next}-${n}`, viewportOf(type)])
    const rows = made.map(([id], n): [string, Place] => {
      return [id, { displaySetInstanceUIDs: ['ct'], x: (n % 2) / 2, y: Math.floor(n / 2) / 2 }]
    })
    places = new Map(name === 'follower' ? rows.reverse() : rows)
  }
  lay(layout)
  const services = {
    viewportGridService: {
      getActiveViewportId: () => made[0]?.[0] ?? null,
      getState: () => ({ viewports: places }),
      setDisplaySetsForViewports: (
        given: { viewportId: string; displaySetInstanceUIDs: string[] }[],
      ) => {
        for (const { viewportId, displaySetInstanceUIDs } of given) {
          const place = places.get(viewportId)
          if (place) places.set(viewportId, { ...place, displaySetInstanceUIDs })
        }
      },
    },
    displaySetService: {
      getActiveDisplaySets: () => SETS,
      getDisplaySetByUID: (uid: string) => SETS.find((one) => one.displaySetInstanceUID === uid),
    },
    hangingProtocolService: {
      getActiveProtocol: () => ({ protocol: { id: protocol }, stageIndex: 0 }),
    },
    cornerstoneViewportService: {
      // A document has a place, and no viewport of images.
      getCornerstoneViewport: (id: string) =>
        places.get(id)?.displaySetInstanceUIDs[0] === 'ct'
          ? (made.find(([one]) => one === id)?.[1] ?? null)
          : null,
    },
  }
  const runCommand = (_: string, given: { protocolId: string }) => lay(given.protocolId)
  const contentWindow = { services, commandsManager: { runCommand } }
  return {
    frame: { contentWindow } as unknown as HTMLIFrameElement,
    place: (n: number) => (made[n] as [string, Viewport])[1],
    choose: (set: string) =>
      services.viewportGridService.setDisplaySetsForViewports([
        { viewportId: made[0]?.[0] ?? '', displaySetInstanceUIDs: [set] },
      ]),
    layout: () => protocol,
  }
}

/** What the presenter's viewer shows, as it comes over the line. */
function told(frame: HTMLIFrameElement): View {
  const shown = heardShown(JSON.parse(JSON.stringify(readView(frame, null))))
  if (shown === null || !isView(shown)) throw new Error(`nothing to follow: ${shown?.kind}`)
  return shown
}

describe('a viewer that follows another', () => {
  it.each(['mpr', 'fourUp'])(
    'stands in %s with each place where the other has it',
    async (name) => {
      const presenter = viewerOf('presenter', name)
      const follower = viewerOf('follower', 'default')
      for (const n of [0, 1])
        presenter.place(n).setCamera({ focalPoint: [n, 2, 15], parallelScale: 90 + n })
      presenter.place(2).setProperties({ voiRange: { lower: -160, upper: 240 } })
      const view = told(presenter.frame)
      expect(standsAt(follower.frame, view)).toBe(false)
      expect(await showView(follower.frame, view)).toBe(true)
      expect(follower.layout()).toBe(name)
      expect(standsAt(follower.frame, view)).toBe(true)
      for (const n of [0, 1]) {
        expect(follower.place(n).getCamera().focalPoint).toEqual([n, 2, 15])
        expect(follower.place(n).getCamera().parallelScale).toBe(90 + n)
      }
      expect(follower.place(2).getProperties().voiRange).toEqual({ lower: -160, upper: 240 })
    },
  )

  it('leaves the colours of a whole volume to whoever looks', async () => {
    const presenter = viewerOf('presenter', 'fourUp')
    const follower = viewerOf('follower', 'fourUp')
    presenter.place(1).setProperties({ voiRange: { lower: 0, upper: 9 } })
    expect(await showView(follower.frame, told(presenter.frame))).toBe(true)
    expect(follower.place(1).getProperties().voiRange).toEqual({ lower: -1300, upper: 199 })
  })

  it('opens the document that the other has open', async () => {
    const presenter = viewerOf('presenter', 'default')
    const follower = viewerOf('follower', 'default')
    presenter.choose('sheet')
    const view = told(presenter.frame)
    expect(view).toEqual({ kind: 'document', study: '1.2', series: '1.2.2' })
    expect(standsAt(follower.frame, view)).toBe(false)
    expect(await showView(follower.frame, view)).toBe(true)
    expect(standsAt(follower.frame, view)).toBe(true)
  })

  it('shows nothing while it loads, and does not stand anywhere', async () => {
    const view = told(viewerOf('presenter', 'mpr').frame)
    const loading = { contentWindow: {} } as unknown as HTMLIFrameElement
    expect(readView(loading, null)).toBeNull()
    expect(standsAt(loading, view)).toBe(false)
  })
})
