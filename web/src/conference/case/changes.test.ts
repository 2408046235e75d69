/** The server's rules and ours say the same; what is typed is found; a page loses no keystroke. */
import { describe, expect, it } from 'vitest'
import { applied, type Change, composed, difference, movedCaret, plain, rebased } from './changes'
import cases from './changes.cases.json'
import { type Answer, type Flying, Notes, type Told } from './notes'

/** Numbers that look random and are the same each time. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const LETTERS = ['a', 'b', '会', '诊', '😀', '🫀', '\n']

function typed(text: string, pick: (below: number) => number): string {
  const at = [...text]
  const from = pick(at.length + 1)
  const strike = pick(3) === 0 ? pick(Math.min(3, at.length - from + 1)) : 0
  const words = Array.from({ length: pick(4) }, () => LETTERS[pick(LETTERS.length)] ?? '')
  return [...at.slice(0, from), ...words, ...at.slice(from + strike)].join('')
}

describe('changes', () => {
  it.each(cases.map((one, n) => [n, one] as const))('case %i is as the server has it', (_, one) => {
    const [a, b] = [one.a as Change, one.b as Change]
    expect(applied(one.text, a)).toBe(one.after_a)
    expect(rebased(b, a, false)).toEqual(one.b_after_a)
    expect(rebased(a, b, true)).toEqual(one.a_after_b)
    expect(applied(applied(one.text, b), rebased(a, b, true))).toBe(one.both)
  })

  it('finds what was typed, and makes one change of two', () => {
    const pick = chance(7)
    for (let round = 0; round < 3000; round += 1) {
      const one = typed(typed('', pick), pick)
      const two = typed(one, pick)
      const three = typed(two, pick)
      const first = difference(one, two)
      const second = difference(two, three)
      expect(applied(one, first)).toBe(two)
      expect(applied(one, composed(first, second))).toBe(three)
      expect(first.every((part) => part === plain(String(part)) || typeof part === 'number')).toBe(
        true,
      )
    }
  })

  it('does not cut a character that shares its half with another', () => {
    expect(difference('😀', '😁')).toEqual(['😁', -2])
    expect(difference('a😀b', 'a😁b')).toEqual([1, '😁', -2])
  })

  it('keeps the caret at its words', () => {
    expect(movedCaret(3, ['xx'])).toBe(5)
    expect(movedCaret(3, [3, 'xx'])).toBe(5)
    expect(movedCaret(3, [4, 'xx'])).toBe(3)
    expect(movedCaret(3, [-2])).toBe(1)
    expect(movedCaret(0, ['x'])).toBe(1)
  })

  it('leaves out what no note may hold', () => {
    expect(plain('a\u0000b\r\nc\td\u001b\ud800')).toBe('ab\nc\td\ufffd')
  })
})

/** A server of one section's changes in one order; its line to a page may be away. */
class Server {
  text = ''
  readonly changes: Told[] = []

  send({ section, base, change, key }: Flying): Answer {
    if (!this.changes.some((one) => one.key === key)) {
      let made = change
      for (const one of this.changes.slice(base)) made = rebased(made, one.change, false)
      this.text = applied(this.text, made)
      this.changes.push({ n: this.changes.length + 1, section, change: made, key })
    }
    return this.after(base)
  }

  after(n: number): Answer {
    const changes = this.changes.slice(n, n + 5)
    const head = this.changes.length
    return { head, version: 1, state: 'open', changes, more: n + 5 < head }
  }
}

class Away extends Error {}
class NamesPatient extends Error {}

/** A page whose line may be away: then half of what it sends gets lost, and else the answer does. */
function pageAt(server: Server, pick: (below: number) => number, name: string) {
  const line = { away: false }
  let keys = 0
  const notes = new Notes(
    {
      send: async (flying) => {
        if (line.away && pick(2) === 0) throw new Away()
        if (flying.change.length === 0) throw new Error('nothing to send')
        if (flying.change.some((part) => `${part}`.includes('韦桂花'))) throw new NamesPatient()
        const answer = server.send(flying)
        if (line.away) throw new Away()
        return answer
      },
      fetch: async (after) => {
        if (line.away) throw new Away()
        return server.after(after)
      },
      passing: (error) => error instanceof Away,
      unnamed: (error) => error instanceof NamesPatient,
      behind: () => false,
      key: () => `${name}${++keys}`,
    },
    { head: 0, sections: [{ section: 's', text: '' }] },
  )
  // biome-ignore lint/complexity/useLiteralKeys: the private step, without its clock.
  return { notes, line, run: () => notes['run']() }
}

describe('notes', () => {
  it('keep words that name the patient here until they are written anew', async () => {
    const server = new Server()
    const one = pageAt(server, chance(1), 'a')
    const other = pageAt(server, chance(2), 'b')
    one.notes.edit('s', '患者韦桂花咳嗽')
    await one.run()
    expect([one.notes.state, one.notes.naming.size, server.text]).toEqual(['naming', 1, ''])
    expect(one.notes.text('s')).toBe('患者韦桂花咳嗽')
    other.notes.edit('s', '主诉：')
    await other.run()
    await one.notes.look()
    expect([...one.notes.text('s')].sort()).toEqual([...'患者韦桂花咳嗽主诉：'].sort())
    await one.notes.flush()
    expect([one.notes.naming.size, server.text]).toEqual([1, '主诉：'])
    one.notes.edit('s', one.notes.text('s').replace('韦桂花', ''))
    expect(one.notes.naming.size).toBe(0)
    await one.run()
    expect([one.notes.state, server.text]).toEqual(['clean', one.notes.text('s')])
    one.notes.close()
    other.notes.close()
  })

  it('send nothing of what was struck out again', async () => {
    const server = new Server()
    const { notes, run } = pageAt(server, chance(1), 'a')
    notes.edit('s', 'x')
    notes.edit('s', '')
    await run()
    expect([notes.isUnsaved, notes.refused, server.changes]).toEqual([false, [], []])
    notes.close()
  })

  it('lose nothing between four pages with lines that break', async () => {
    const server = new Server()
    const pick = chance(445)
    const pages = ['w', 'x', 'y', 'z'].map((name) => ({ name, ...pageAt(server, pick, name) }))
    const typedBy = new Map<string, number>()
    for (let round = 0; round < 400; round += 1) {
      const { name, notes, line, run } = pages[pick(4)] as (typeof pages)[number]
      line.away = pick(3) === 0
      const text = [...notes.text('s')]
      text.splice(pick(text.length + 1), 0, name)
      notes.hold()
      notes.edit('s', text.join(''))
      notes.release()
      typedBy.set(name, (typedBy.get(name) ?? 0) + 1)
      await run()
      await notes.look()
    }
    for (const { notes, line, run } of pages) {
      line.away = false
      while (notes.isUnsaved) await run()
    }
    for (const { name, notes } of pages) {
      await notes.look()
      notes.close()
      expect(notes.text('s')).toBe(server.text)
      expect(server.text.split(name).length - 1).toBe(typedBy.get(name))
    }
  })
})
