import { describe, expect, it } from 'vitest'
import { heard, mayPass, NOBODY, type Presenting, standing } from './presenting'

const by = (presenter: string | null, term: number): Presenting => ({ presenter, term })

describe('who presents', () => {
  it('is whoever begins while nobody does', () => {
    expect(heard(NOBODY, by('a', 1), 'a', false)).toEqual(by('a', 1))
    expect(heard(by('a', 1), by('b', 2), 'b', false)).toEqual(by('a', 1))
    expect(heard(standing(by('a', 1), ['b', 'c']), by('b', 2), 'b', false)).toEqual(by('b', 2))
  })

  it('changes when the presenter hands over or stops, or the chair takes it', () => {
    expect(heard(by('a', 1), by('b', 2), 'a', false)).toEqual(by('b', 2))
    expect(heard(by('a', 1), by(null, 2), 'a', false)).toEqual(by(null, 2))
    expect(heard(by('a', 1), by('c', 2), 'c', true)).toEqual(by('c', 2))
    expect(mayPass(by('a', 1), 'b', false)).toBe(false)
  })

  it('is not what a stranger says of another, or what was said in an older term', () => {
    expect(heard(NOBODY, by('b', 1), 'a', false)).toEqual(NOBODY)
    expect(heard(by('a', 5), by('b', 4), 'a', false)).toEqual(by('a', 5))
  })

  it('is the same on both pages when two begin at once', () => {
    const one = heard(heard(NOBODY, by('a', 1), 'a', false), by('b', 1), 'b', false)
    const other = heard(heard(NOBODY, by('b', 1), 'b', false), by('a', 1), 'a', false)
    expect(one).toEqual(other)
  })
})
