import { describe, expect, it } from 'vitest'
import { fitting } from './fitting'

describe('doors that fit', () => {
  it('are all of them where there is room', () => {
    expect(fitting([50, 50, 50, 40], 158)).toBe(3)
    expect(fitting([40], 0)).toBe(0)
  })
  it('leave room for the one that opens the others', () => {
    expect(fitting([50, 50, 50, 40], 157)).toBe(2)
    expect(fitting([50, 50, 50, 40], 147)).toBe(1)
    expect(fitting([50, 50, 50, 40], 10)).toBe(0)
  })
})
