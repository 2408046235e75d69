import { describe, expect, it } from 'vitest'
import { Local } from './local'
import type { Member } from './signal'
import { BAD_COUNTS, falls, shownOf } from './streams'
import { emptyRemote } from './transport'

const member = (id: string, streams: Member['streams'], state: Member['state'] = 'present') =>
  ({ id, state, streams, mode: 'video' }) as Member

describe('what falls on a thin line', () => {
  it('is nothing at once, then the pictures beside the first, then every moving picture', () => {
    expect(falls(BAD_COUNTS - 1, true)).toBeNull()
    expect(falls(BAD_COUNTS, true)).toBe('extras')
    expect(falls(BAD_COUNTS, false)).toBe('stills')
  })
  it('leaves the first picture, and says what became of the other', () => {
    const local = new Local(['field', 'room'])
    const track = {} as MediaStreamTrack
    local.camera = local.extras[0] = track
    local.sources.fill('camera')
    expect(local.streamStates).toEqual({ field: 'on', room: 'on' })
    local.setThin(true)
    expect(local.streamStates).toEqual({ field: 'on', room: 'thin' })
    expect([local.sentCamera, ...local.sentExtras]).toEqual([track, null])
    local.setThin(false)
    expect(local.sentExtras).toEqual([track])
  })
})

describe('where a picture comes in', () => {
  const remote = emptyRemote('a')
  const [first, second] = [{} as MediaStream, {} as MediaStream]
  remote.camera = first
  remote.extras = [second]
  const remotes = new Map([['a', remote]])
  it('is by the line of the camera for the first, by their own for the others', () => {
    const members = [member('b', {}), member('a', { field: 'on', room: 'thin' })]
    expect(shownOf('field', 0, members, remotes)?.stream).toBe(first)
    expect(shownOf('room', 1, members, remotes)).toMatchObject({ state: 'thin', stream: second })
  })
  it('is nowhere while nobody sends it, or the line of who does is lost', () => {
    expect(shownOf('field', 0, [member('a', {})], remotes)).toBeNull()
    expect(shownOf('field', 0, [member('a', { field: 'on' }, 'dropped')], remotes)).toBeNull()
  })
})
