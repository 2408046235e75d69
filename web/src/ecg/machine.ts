/**
 * What the cardiograph measured and said by itself (Waveform Annotation Module, PS3.3 C.10.10).
 *
 * Passed on as the machine's word: no figure here is ours, none is recomputed or corrected.
 */
import { type Code, code, type Dataset, items, number, numbers, text } from './dicomJson'

export const QUANTITIES = ['rate', 'rr', 'pr', 'qrs', 'qt', 'qtc', 'axis'] as const
export type Quantity = (typeof QUANTITIES)[number]

export interface MachineValue {
  value: number
  /** UCUM code, as the file writes it. */
  unit: string
  /** The method, where the name of the value carries one: `Bazett`. */
  method: string
}

export interface MachineNotes {
  values: Partial<Record<Quantity, MachineValue>>
  /** Values of the whole recording under names not known here. */
  others: { name: string; value: number; unit: string }[]
  /** The machine's sentences. */
  sentences: string[]
}

interface Naming {
  quantity: Quantity
  codes: readonly string[]
  words: RegExp
}

/** By code, else by the words of the code; QTc before QT, for the words of one begin like the other. */
const NAMES: readonly Naming[] = [
  {
    quantity: 'rate',
    codes: ['LN 8867-4', 'MDC 2:16770'],
    words: /^(mean |ventricular )*(heart|ventricular) rate/i,
  },
  { quantity: 'rr', codes: ['MDC 2:16168'], words: /^r-?r (interval|duration)/i },
  { quantity: 'pr', codes: ['MDC 2:15872'], words: /^p[rq] (interval|duration)/i },
  { quantity: 'qrs', codes: ['MDC 2:16156'], words: /^qrs (duration|interval)/i },
  { quantity: 'qtc', codes: ['MDC 2:15880'], words: /^qtc|^corrected qt/i },
  { quantity: 'qt', codes: ['MDC 2:16160'], words: /^qt (interval|duration)/i },
  { quantity: 'axis', codes: ['MDC 2:16132'], words: /^(mean )?qrs axis/i },
]

/** The notes about one multiplex group, counted from 1 as Referenced Waveform Channels does. */
export function machineNotes(instance: Dataset, group: number): MachineNotes {
  const notes: MachineNotes = { values: {}, others: [], sentences: [] }
  for (const note of items(instance, '0040B020')) {
    const [named = 0] = numbers(note, '0040A0B0')
    if (named === 0 || named === group) add(notes, note)
  }
  return notes
}

function add(notes: MachineNotes, note: Dataset): void {
  const name = code(note, '0040A043')
  const value = number(note, '0040A30A')
  const words = text(note, '00700006') || code(note, '0040A168')?.meaning
  if (words) notes.sentences.push(words)
  if (name === null || value === null) return
  const unit = code(note, '004008EA')?.value ?? ''
  const quantity = quantityOf(name)
  // (group, 0) means all channels of the group: PS3.3 C.10.10.1.1. A single lead's value is not the recording's.
  const whole = (numbers(note, '0040A0B0')[1] ?? 0) === 0
  if (quantity !== null) notes.values[quantity] ??= { value, unit, method: methodOf(name) }
  else if (whole) notes.others.push({ name: name.meaning || name.value, value, unit })
}

function quantityOf(name: Code): Quantity | null {
  const full = `${name.scheme} ${name.value}`
  const known =
    NAMES.find((naming) => naming.codes.includes(full)) ??
    NAMES.find((naming) => naming.words.test(name.meaning))
  return known?.quantity ?? null
}

function methodOf(name: Code): string {
  return /bazett|fridericia|framingham|hodges/i.exec(name.meaning)?.[0] ?? ''
}
