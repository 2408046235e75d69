import { describe, expect, it } from 'vitest'
import type { UploadFileOut } from '../shared/schema'
import { join, merge, nextToSend, overall } from './queue'

const file = (name: string, size = 3) => new File(['x'.repeat(size)], name)
const picked = (path: string, size = 3) => ({
  path,
  file: file(path.split('/').at(-1) ?? path, size),
})
const said = (name: string, more: Partial<UploadFileOut> = {}): UploadFileOut => ({
  id: name,
  name,
  size: 3,
  offset: 3,
  verdict: 'stored',
  code: null,
  zh: null,
  en: null,
  study_id: null,
  parent_id: null,
  ...more,
})

describe('an upload', () => {
  it('takes the same folder twice without sending anything twice', () => {
    const once = join([], [picked('ct/1.dcm'), picked('ct/2.dcm')])
    expect(join(once, [picked('ct/1.dcm'), picked('ct/2.dcm')])).toEqual(once)
  })

  it('goes on where it stopped when a file is given again after a reload', () => {
    const after = merge(
      [],
      [said('ct/1.dcm', { verdict: 'uploading', offset: 2 }), said('ct/2.dcm')],
    )
    expect(after.map((item) => item.phase)).toEqual(['lost', 'done'])
    const again = join(after, [picked('ct/1.dcm'), picked('ct/2.dcm')])
    expect(again).toHaveLength(2)
    expect(again[0]).toMatchObject({ phase: 'queued', fileId: 'ct/1.dcm', sent: 2 })
    expect(again[1]?.phase).toBe('done')
  })

  it('knows a file by its bare name while the server has not answered its creation', () => {
    const items = join([], [picked('mix/1.dcm')]).map((item) => ({
      ...item,
      phase: 'sending' as const,
    }))
    for (const verdict of ['uploading', 'checking', 'stored'] as const)
      expect(merge(items, [said('1.dcm', { id: 'f1', verdict })])).toHaveLength(1)
  })

  it('counts once what a pause cut off before its id was heard', () => {
    const items = join([], [picked('mix/1.dcm')]).map((item) => ({
      ...item,
      fileId: 'f2',
      phase: 'sending' as const,
    }))
    for (const verdict of ['uploading', 'stored'] as const) {
      const files = [
        said('1.dcm', { id: 'f1', verdict }),
        said('1.dcm', { id: 'f2', verdict: 'uploading', offset: 1 }),
      ]
      expect(merge(items, files)).toHaveLength(1)
    }
  })

  it('lets no file go missing when folders repeat a name', () => {
    const after = merge([], [said('1.dcm', { id: 'f1' }), said('1.dcm', { id: 'f2' })])
    expect(after).toHaveLength(2)
    const again = join(after, [picked('a/1.dcm'), picked('b/1.dcm'), picked('c/1.dcm')])
    expect(again.map((item) => item.phase)).toEqual(['done', 'done', 'queued'])
  })

  it('treats a file of another size as another file', () => {
    expect(join(join([], [picked('1.dcm', 3)]), [picked('1.dcm', 4)])).toHaveLength(2)
  })

  it('keeps no more than the given number under way, in the order given', () => {
    const items = join(
      [],
      ['a', 'b', 'c', 'd'].map((name) => picked(name)),
    )
    expect(nextToSend(items, 2).map((item) => item.path)).toEqual(['a', 'b'])
    const busy = items.map((item, i) => (i === 0 ? { ...item, phase: 'sending' as const } : item))
    expect(nextToSend(busy, 2).map((item) => item.path)).toEqual(['b'])
  })

  it('knows a file again whose creation is not answered yet', () => {
    const items = join([], [picked('ct/1.dcm')]).map((item) => ({
      ...item,
      phase: 'sending' as const,
    }))
    expect(merge(items, [said('ct/1.dcm', { id: 'f1', verdict: 'uploading', offset: 1 })])).toEqual(
      items,
    )
  })

  it('counts the bytes of a ZIP once', () => {
    const files = [
      said('a.zip', { verdict: 'expanded', size: 10, offset: 10 }),
      said('a/1.dcm', { size: 30, offset: 30, parent_id: 'a.zip' }),
    ]
    expect(overall(merge([], files))).toMatchObject({ files: 2, bytes: 10, percent: 100 })
  })

  it('says a hundred percent only when every byte is there', () => {
    const items = join([], [picked('a', 1000)]).map((item) => ({ ...item, sent: 999 }))
    expect(overall(items).percent).toBe(99)
  })

  it('counts conflicts and refusals as faults, duplicates and skipped files not', () => {
    const verdicts = ['stored', 'duplicate', 'skipped', 'expanded', 'conflict', 'refused'] as const
    const items = merge(
      [],
      verdicts.map((verdict) => said(verdict, { verdict })),
    )
    expect(overall(items)).toMatchObject({ finished: 6, faults: 2, busy: false })
  })
})
