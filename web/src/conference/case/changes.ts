/**
 * A change of a text that several write at once, and two changes made of the same text.
 *
 * Parts in order: so many units kept, words written, so many units struck out (a negative number);
 * what is not spoken of at the end is kept. The server has the same rules in `core/notes.py`; both
 * are held against `changes.cases.json`.
 */
export type Part = number | string
export type Change = readonly Part[]

/** The text after a change; a RangeError when the change is of another text. */
export function applied(text: string, change: Change): string {
  let made = ''
  let at = 0
  for (const part of change) {
    if (typeof part === 'string') {
      made += part
      continue
    }
    if (at + Math.abs(part) > text.length) throw new RangeError('a change of another text')
    if (part > 0) made += text.slice(at, at + part)
    at += Math.abs(part)
  }
  return made + text.slice(at)
}

/**
 * A change as it must be made of the text that `over` left, where both were made of the same. Where
 * both write at one place, `first` says that this change's words stand before the other's.
 */
export function rebased(change: Change, over: Change, first: boolean): Change {
  const made: Part[] = []
  const others = new Cursor(over)
  const passWritten = () => {
    for (let words = others.written(); words !== ''; words = others.written())
      made.push(words.length)
  }
  for (const part of change) {
    if (typeof part === 'string') {
      if (!first) passWritten()
      made.push(part)
      continue
    }
    let left = Math.abs(part)
    while (left > 0) {
      passWritten()
      const { length, struck } = others.take(left)
      if (!struck) made.push(part > 0 ? length : -length)
      left -= length
    }
  }
  return joined(made)
}

/** Two changes, the second made of what the first left, as one. */
export function composed(first: Change, second: Change): Change {
  const made: Part[] = []
  const before = new Cursor(first)
  const passStruck = () => {
    for (let length = before.struck(); length > 0; length = before.struck()) made.push(-length)
  }
  for (const part of second) {
    if (typeof part === 'string') {
      made.push(part)
      continue
    }
    let left = Math.abs(part)
    while (left > 0) {
      passStruck()
      const words = before.writtenUpTo(left)
      if (words !== '') {
        if (part > 0) made.push(words)
        left -= words.length
        continue
      }
      const { length } = before.take(left)
      made.push(part > 0 ? length : -length)
      left -= length
    }
  }
  made.push(...before.rest())
  return joined(made)
}

/** What was typed: the one place where two texts differ. No character is cut in two. */
export function difference(was: string, is: string): Change {
  let head = 0
  const most = Math.min(was.length, is.length)
  while (head < most && was[head] === is[head]) head += 1
  if (isHighHalf(was, head - 1) || isHighHalf(is, head - 1)) head -= 1
  let tail = 0
  while (tail < most - head && was[was.length - 1 - tail] === is[is.length - 1 - tail]) tail += 1
  if (tail > 0 && (isLowHalf(was, was.length - tail) || isLowHalf(is, is.length - tail))) tail -= 1
  return joined([head, is.slice(head, is.length - tail), -(was.length - head - tail)])
}

/** Where a caret stands after somebody else's change; words written just there come before it. */
export function movedCaret(at: number, change: Change): number {
  const [before] = rebased(at > 0 ? [at, '|'] : ['|'], change, false)
  return typeof before === 'number' ? before : 0
}

/** What no note may hold: control characters but line breaks and tabs, and halves of characters. */
export function plain(words: string): string {
  return words
    .replace(/\r\n?/g, '\n')
    .replace(HALVES, '\ufffd')
    .replace(/\p{Cc}/gu, (one) => (one === '\n' || one === '\t' ? one : ''))
}

const HALVES = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

function joined(parts: readonly Part[]): Change {
  const made: Part[] = []
  for (const part of parts) {
    const last = made.at(-1)
    if (part === 0 || part === '') continue
    if (typeof part === 'string' && typeof last === 'string') made[made.length - 1] = last + part
    else if (typeof part === 'number' && typeof last === 'number' && part * last > 0)
      made[made.length - 1] = last + part
    else made.push(part)
  }
  const last = made.at(-1)
  return typeof last === 'number' && last > 0 ? made.slice(0, -1) : made
}

const isHighHalf = (text: string, at: number) => at >= 0 && /[\uD800-\uDBFF]/.test(text[at] ?? '')
const isLowHalf = (text: string, at: number) => /[\uDC00-\uDFFF]/.test(text[at] ?? '')

/** A place in a change; behind its last part everything is kept. */
class Cursor {
  private at = 0
  private part: Part | undefined

  constructor(private readonly parts: Change) {
    this.part = parts[0]
  }

  /** The words written just here, passed by; '' where none are. */
  written(): string {
    if (typeof this.part !== 'string') return ''
    const words = this.part
    this.next()
    return words
  }

  /** The words written just here, so many units at most. */
  writtenUpTo(most: number): string {
    if (typeof this.part !== 'string') return ''
    const words = this.part.slice(0, most)
    if (words.length < this.part.length) this.part = this.part.slice(words.length)
    else this.next()
    return words
  }

  /** How much is struck out just here, passed by. */
  struck(): number {
    if (typeof this.part !== 'number' || this.part > 0) return 0
    const length = -this.part
    this.next()
    return length
  }

  /** Goes on by so many units at most: how many, and whether they are struck out. */
  take(most: number): { length: number; struck: boolean } {
    if (typeof this.part !== 'number') return { length: most, struck: false }
    const struck = this.part < 0
    const length = Math.min(most, Math.abs(this.part))
    const left = Math.abs(this.part) - length
    if (left > 0) this.part = struck ? -left : left
    else this.next()
    return { length, struck }
  }

  rest(): Part[] {
    return this.part === undefined ? [] : [this.part, ...this.parts.slice(this.at + 1)]
  }

  private next(): void {
    this.at += 1
    this.part = this.parts[this.at]
  }
}
