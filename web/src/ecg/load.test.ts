import { describe, expect, it } from 'vitest'
import { bulkAddress } from './load'

describe('a bulk address', () => {
  const origin = 'https://telemed.example'
  const study = `${origin}/dicom-web/studies/1.2.3/`

  it.each([
    [
      'series/4/instances/5/bulkdata/54000100/0/54001010',
      `${study}series/4/instances/5/bulkdata/54000100/0/54001010`,
    ],
    ['/dicom-web/studies/1.2.3/series/4/bulkdata/x', `${study}series/4/bulkdata/x`],
    ['../1.2.3/bulkdata/x', `${study}bulkdata/x`],
    [`${study}bulkdata/x`, `${study}bulkdata/x`],
  ])('%s is resolved against the study', (uri, address) => {
    expect(bulkAddress('1.2.3', uri, origin)).toBe(address)
  })
})
