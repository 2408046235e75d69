import { describe, expect, it } from 'vitest'
import {
  apartOf,
  heardShown,
  heightOf,
  type ImageView,
  type Row,
  rowAt,
  type VolumeView,
} from './views'

const of = { study: '1.2.3', series: '1.2.4' }
const framed = { scale: 120.5, aspect: 1.5, centre: [1, 2, -3.25] } as const
const image: ImageView = {
  kind: 'images',
  ...of,
  ...framed,
  image: '1.2.5/frames/1',
  voi: [-1300, 199],
  invert: false,
  alone: true,
  turn: 90,
  flips: [true, false],
  pointer: [4, 5, 6],
}
const plane = { place: 0, ...framed, from: [0, 0, -437], up: [0, -1, 0], voi: null } as const
const volume: VolumeView = {
  kind: 'volume',
  ...of,
  layout: 'mpr',
  stage: 0,
  planes: [plane],
  pointer: { place: 0, at: [1, 2, 3] },
}

describe('what a presenter shows', () => {
  it('is believed as it was told, over the line and back', () => {
    const slide = { kind: 'slide', ...of, ...framed, pointer: null }
    const others = [{ kind: 'document', ...of }, { kind: 'study', study: '1.2' }, { kind: 'other' }]
    for (const shown of [image, volume, slide, { kind: 'records', row: 3, part: 0.5 }, ...others])
      expect(heardShown(JSON.parse(JSON.stringify(shown)))).toEqual(shown)
  })

  it('holds nothing that was not asked for', () => {
    const more = { ...image, name: 'x', planes: [plane], __proto__: { kind: 'other' } }
    expect(heardShown(more)).toEqual(image)
    const named = { ...volume, planes: [{ ...plane, name: 'x' }] }
    expect(heardShown(named)).toEqual(volume)
  })

  it.each([
    null,
    'images',
    [],
    {},
    { kind: 'film', ...of },
    { ...image, series: '../../../api' },
    { ...image, image: '1.2.5/frames/0/../..' },
    { ...image, voi: [5, 5] },
    { ...image, voi: ['0', '1'] },
    { ...image, scale: 0 },
    { ...image, scale: Number.POSITIVE_INFINITY },
    { ...image, centre: [1, 2] },
    { ...image, centre: [1, 2, Number.NaN] },
    { ...image, flips: [true] },
    { ...image, alone: undefined },
    { ...image, pointer: { x: 1 } },
    { ...volume, layout: 'constructor' },
    { ...volume, stage: -1 },
    { ...volume, planes: [] },
    { ...volume, planes: [plane, { ...plane, up: null }] },
    { ...volume, planes: [{ ...plane, place: 8 }] },
    { ...volume, planes: [{ ...plane, place: 0.5 }] },
    { ...volume, planes: [{ ...plane, place: '__proto__' }] },
    { kind: 'study', study: 7 },
    { kind: 'records', row: -1, part: 0 },
    { kind: 'records', row: 1 },
  ])('is refused where it is no such thing: %j', (said) => {
    expect(heardShown(said)).toBeNull()
  })

  it('has no more planes than a layout has', () => {
    const many = heardShown({ ...volume, planes: Array.from({ length: 50 }, () => plane) })
    expect(many?.kind === 'volume' && many.planes.length).toBe(8)
  })
})

describe('what each sees for themselves', () => {
  it('is nothing of one image, a slide and the records, and is named of everything else', () => {
    expect(apartOf(null)).toBeNull()
    expect(apartOf(image)).toBeNull()
    expect(apartOf({ kind: 'slide', ...of, ...framed, pointer: null })).toBeNull()
    expect(apartOf({ kind: 'records', row: 0, part: 0 })).toBeNull()
    expect(apartOf({ ...image, alone: false })).toBe('beside')
    expect(apartOf(volume)).toBe('colours')
    expect(apartOf({ kind: 'document', ...of })).toBe('pages')
    expect(apartOf({ kind: 'study', study: '1.2' })).toBe('tracing')
    expect(apartOf({ kind: 'other' })).toBe('all')
  })
})

describe('the row of the records at the top', () => {
  const wide: Row[] = [
    [0, 40],
    [40, 60],
    [60, 160],
  ]
  const narrow: Row[] = [
    [0, 40],
    [40, 100],
    [100, 500],
  ]

  it('stands at the top of a page of another width too', () => {
    const view = rowAt(wide, 110)
    expect(view).toEqual({ kind: 'records', row: 2, part: 0.5 })
    expect(heightOf(narrow, view)).toBe(300)
    expect(rowAt(narrow, heightOf(narrow, view) ?? 0)).toEqual(view)
  })

  it('is the first above the page and the last below it; none where there is no such row', () => {
    expect(rowAt(wide, -20)).toEqual({ kind: 'records', row: 0, part: 0 })
    expect(rowAt(wide, 900)).toEqual({ kind: 'records', row: 2, part: 1 })
    expect(rowAt([], 10)).toEqual({ kind: 'records', row: 0, part: 1 })
    expect(heightOf(wide, { kind: 'records', row: 9, part: 0 })).toBeNull()
  })
})
