/**
 * Reading the DICOM JSON model (PS3.18 Annex F): values by tag, never trusted to be there.
 *
 * Knows the shape of JSON and nothing of waveforms.
 */

export interface Element {
  vr?: string
  Value?: unknown[]
  InlineBinary?: string
  BulkDataURI?: string
}

export type Dataset = { [tag: string]: Element | undefined }

export interface Code {
  scheme: string
  value: string
  meaning: string
}

export function text(set: Dataset, tag: string): string {
  const first = set[tag]?.Value?.[0]
  return typeof first === 'string' ? first.trim() : typeof first === 'number' ? `${first}` : ''
}

/** A number; DS and IS may travel as JSON strings (PS3.18 F.2.3), so both are read. */
export function number(set: Dataset, tag: string): number | null {
  return numbers(set, tag)[0] ?? null
}

export function numbers(set: Dataset, tag: string): number[] {
  return (set[tag]?.Value ?? []).map(asNumber).filter((each) => each !== null)
}

function asNumber(value: unknown): number | null {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null
  const read = Number(value)
  return Number.isFinite(read) ? read : null
}

export function items(set: Dataset, tag: string): Dataset[] {
  return (set[tag]?.Value ?? []).filter(
    (each): each is Dataset => typeof each === 'object' && each !== null,
  )
}

/** The first code of a code sequence. */
export function code(set: Dataset, tag: string): Code | null {
  const [item] = items(set, tag)
  if (item === undefined) return null
  return {
    scheme: text(item, '00080102'),
    value: text(item, '00080100') || text(item, '00080119'),
    meaning: text(item, '00080104'),
  }
}

export function fromBase64(inline: string): ArrayBuffer {
  const raw = atob(inline.replace(/\s+/g, ''))
  return Uint8Array.from(raw, (char) => char.charCodeAt(0)).buffer
}
