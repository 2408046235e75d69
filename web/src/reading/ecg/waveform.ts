/**
 * A 12-lead recording out of DICOM JSON: which lead, how fast, how many millivolts.
 *
 * Every factor is taken from the object (PS3.3 C.10.9): sensitivity with its correction and units,
 * baseline, sampling frequency, sample size. Nothing is scaled to fit.
 */
type Element = { vr: string; Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string }
export type Dataset = Record<string, Element>

export interface Lead {
  readonly name: string
  readonly millivolts: Float32Array
}

export interface Recording {
  readonly leads: readonly Lead[]
  /** Samples per second. */
  readonly rate: number
  readonly seconds: number
}

const WAVEFORMS = '54000100'
const DATA = '54001010'
const CHANNELS = '003A0005'
const SAMPLES = '003A0010'
const RATE = '003A001A'
const DEFINITIONS = '003A0200'
const SOURCE = '003A0208'
const LABEL = '003A0203'
const SENSITIVITY = '003A0210'
const UNITS = '003A0211'
const CORRECTION = '003A0212'
const BASELINE = '003A0213'
const BITS = '54001004'
const MEANING = '00080104'
const CODE = '00080100'

/** UCUM codes of PS3.16 CID 3082 in millivolts. */
const MILLIVOLTS: Record<string, number> = { mV: 1, uV: 0.001, V: 1000, nV: 0.000001 }

export class UnreadableEcg extends Error {}

/** The multiplex group with the most leads: a median beat beside the rhythm has fewer samples. */
export function mainGroup(instance: Dataset): Dataset {
  const groups = (instance[WAVEFORMS]?.Value ?? []) as Dataset[]
  const size = (group: Dataset) => number(group, CHANNELS) * number(group, SAMPLES)
  const [largest] = [...groups].sort((a, b) => size(b) - size(a))
  if (largest === undefined) throw new UnreadableEcg('no waveform')
  return largest
}

/** Where the samples are: inline, or at an address relative to the study's. */
export function samplesOf(group: Dataset): { inline: string } | { address: string } {
  const data = group[DATA]
  if (data?.InlineBinary) return { inline: data.InlineBinary }
  if (data?.BulkDataURI) return { address: data.BulkDataURI }
  throw new UnreadableEcg('no samples')
}

export function decode(group: Dataset, bytes: ArrayBuffer): Recording {
  const channels = number(group, CHANNELS)
  const rate = number(group, RATE)
  const bits = number(group, BITS)
  const definitions = (group[DEFINITIONS]?.Value ?? []) as Dataset[]
  if (!(channels > 0 && rate > 0) || definitions.length !== channels)
    throw new UnreadableEcg('incomplete description')
  if (bits !== 16) throw new UnreadableEcg(`${bits} bits per sample`)
  const samples = Math.min(number(group, SAMPLES), Math.floor(bytes.byteLength / 2 / channels))
  const view = new DataView(bytes)
  const leads = definitions.map((definition, channel) => {
    const factor = gain(definition)
    const baseline = number(definition, BASELINE, 0)
    const millivolts = new Float32Array(samples)
    for (let at = 0; at < samples; at += 1) {
      // Samples of all channels are interleaved, little endian (PS3.5 A.2).
      const raw = view.getInt16((at * channels + channel) * 2, true)
      millivolts[at] = (raw + baseline) * factor
    }
    return { name: leadName(definition), millivolts }
  })
  return { leads, rate, seconds: samples / rate }
}

function gain(definition: Dataset): number {
  const units = (definition[UNITS]?.Value?.[0] ?? {}) as Dataset
  const code = text(units, CODE)
  const scale = MILLIVOLTS[code]
  if (scale === undefined) throw new UnreadableEcg(`unit ${code || '?'}`)
  return number(definition, SENSITIVITY) * number(definition, CORRECTION, 1) * scale
}

function leadName(definition: Dataset): string {
  const source = (definition[SOURCE]?.Value?.[0] ?? {}) as Dataset
  const name = text(source, MEANING) || text(definition, LABEL)
  return name.replace(/^lead\s+/i, '').replace(/\s*\(.*\)$/, '')
}

function number(dataset: Dataset, tag: string, otherwise = Number.NaN): number {
  const value = Number(dataset[tag]?.Value?.[0] ?? Number.NaN)
  return Number.isNaN(value) ? otherwise : value
}

function text(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0]
  return typeof value === 'string' ? value : ''
}

export function fromBase64(encoded: string): ArrayBuffer {
  const binary = atob(encoded)
  return Uint8Array.from(binary, (char) => char.charCodeAt(0)).buffer
}

const NAMES: Record<string, string> = {
  I: 'I',
  II: 'II',
  III: 'III',
  AVR: 'aVR',
  AVL: 'aVL',
  AVF: 'aVF',
}

export function leadCalled(recording: Recording, name: string): Lead | undefined {
  return recording.leads.find(
    (lead) => (NAMES[lead.name.toUpperCase()] ?? lead.name.toUpperCase()) === name,
  )
}
