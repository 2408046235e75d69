/**
 * Which lead a channel is: by code first, by the code's words next, by the label last.
 *
 * A file may list its channels in any order, so nothing is ever taken from the position.
 */
import { type Code, code, type Dataset, text } from './dicomJson'

export const STANDARD = [
  ...['I', 'II', 'III', 'aVR', 'aVL', 'aVF'],
  ...['V1', 'V2', 'V3', 'V4', 'V5', 'V6'],
] as const

/** The term part of ISO/IEEE 11073-10101 lead codes, as PS3.16 CID 3001 uses them (`2:61`). */
const TERMS: Record<number, string> = {
  ...{ 1: 'I', 2: 'II', 61: 'III', 62: 'aVR', 63: 'aVL', 64: 'aVF' },
  ...{ 3: 'V1', 4: 'V2', 5: 'V3', 6: 'V4', 7: 'V5', 8: 'V6', 9: 'V7', 66: 'V8', 67: 'V9' },
  ...{ 10: 'V2R', 11: 'V3R', 12: 'V4R', 13: 'V5R', 14: 'V6R', 15: 'V7R' },
  ...{ 16: 'X', 17: 'Y', 18: 'Z' },
}

const SPELLED = new Map(
  [...STANDARD, ...['V7', 'V8', 'V9', 'V2R', 'V3R', 'V4R', 'V5R', 'V6R', 'V7R', 'X', 'Y', 'Z']].map(
    (lead) => [lead.toUpperCase(), lead],
  ),
)

export interface LeadName {
  name: string
  /** The label says another lead than the code does: the file contradicts itself. */
  disputed: boolean
}

/** The lead of a channel definition item (003A,0200); the number stands in where nothing is said. */
export function leadOf(channel: Dataset, position: number): LeadName {
  const source = code(channel, '003A0208')
  const label = text(channel, '003A0203')
  const coded = source ? (ofCode(source) ?? ofWords(source.meaning)) : null
  const labelled = ofWords(label)
  return {
    name: coded ?? labelled ?? (label || source?.meaning || `#${position + 1}`),
    disputed: coded !== null && labelled !== null && coded !== labelled,
  }
}

function ofCode({ scheme, value }: Code): string | null {
  if (scheme === 'MDC') return ofMdc(value)
  const scp = /^5\.6\.3-9-(\d+)$/.exec(value)
  return scheme === 'SCPECG' && scp ? (TERMS[Number(scp[1])] ?? null) : null
}

/** `2:61`, or the same term as one number, partition times 65536 plus term. */
function ofMdc(value: string): string | null {
  const parts = /^2:(\d+)$/.exec(value)
  if (parts) return TERMS[Number(parts[1])] ?? null
  const whole = /^\d+$/.test(value) ? Number(value) : 0
  return whole >> 16 === 2 ? (TERMS[whole & 0xffff] ?? null) : null
}

/** `Lead II`, `MDC_ECG_LEAD_aVR`, `aVL, augmented voltage, left`, `I (Einthoven)`, `v1`. */
function ofWords(words: string): string | null {
  const [bare = ''] = words
    .replace(/^MDC_ECG_LEAD_/i, '')
    .replace(/\bleads?\b|导联|导/gi, ' ')
    .trim()
    .split(/[\s,(（]/)
  return SPELLED.get(bare.toUpperCase()) ?? null
}
