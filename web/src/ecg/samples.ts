/** DICOM JSON of invented recordings, for the tests: built by the standard's words, tag by tag. */
import { type Dataset, type Element, fromBase64 } from './dicomJson'
import { decode, recordingsOf, type Signal } from './waveform'

export interface ChannelGiven {
  code?: [scheme: string, value: string, meaning: string]
  label?: string
  sensitivity?: number | string
  unit?: string
  correction?: number
  baseline?: number
  bitsStored?: number
  skew?: number
  status?: string
}

export interface GroupGiven {
  rate: number
  channels: ChannelGiven[]
  interpretation?: 'SS' | 'US' | 'SB' | 'UB' | 'SL' | 'UL'
  padding?: number
  /** samples[at][channel], as encoded. */
  samples: number[][]
}

const BYTES = { SB: 1, UB: 1, SS: 2, US: 2, SL: 4, UL: 4 } as const

export function instance(groups: GroupGiven[], notes: Dataset[] = []): Dataset {
  return {
    '00080018': one('2.25.1'),
    '54000100': sequence(groups.map(group)),
    '0040B020': sequence(notes),
  }
}

function group(given: GroupGiven): Dataset {
  const { interpretation = 'SS' } = given
  return {
    '003A0005': one(given.channels.length),
    '003A0010': one(given.samples.length),
    '003A001A': one(given.rate),
    '003A0200': sequence(given.channels.map(channel)),
    '54001004': one(BYTES[interpretation] * 8),
    '54001006': one(interpretation),
    ...(given.padding === undefined
      ? {}
      : { '5400100A': { InlineBinary: base64(encoded([given.padding], interpretation)) } }),
    '54001010': { InlineBinary: base64(encoded(given.samples.flat(), interpretation)) },
  }
}

function channel(given: ChannelGiven): Dataset {
  return {
    ...('label' in given ? { '003A0203': one(given.label) } : {}),
    ...('status' in given ? { '003A0205': one(given.status) } : {}),
    ...(given.code ? { '003A0208': sequence([coded(...given.code)]) } : {}),
    ...('sensitivity' in given ? { '003A0210': one(given.sensitivity) } : {}),
    ...(given.unit ? { '003A0211': sequence([coded('UCUM', given.unit, '')]) } : {}),
    ...('correction' in given ? { '003A0212': one(given.correction) } : {}),
    ...('baseline' in given ? { '003A0213': one(given.baseline) } : {}),
    ...('skew' in given ? { '003A0214': one(given.skew) } : {}),
    '003A021A': one(given.bitsStored ?? 16),
  }
}

export function coded(scheme: string, value: string, meaning: string): Dataset {
  return { '00080100': one(value), '00080102': one(scheme), '00080104': one(meaning) }
}

export function one(value: unknown): Element {
  return { Value: [value] }
}

export function sequence(items: Dataset[]): Element {
  return { Value: items }
}

/** Little endian, whatever the machine. */
function encoded(values: number[], interpretation: keyof typeof BYTES): ArrayBuffer {
  const size = BYTES[interpretation]
  const view = new DataView(new ArrayBuffer(values.length * size))
  const write = {
    SB: (at: number, value: number) => view.setInt8(at, value),
    UB: (at: number, value: number) => view.setUint8(at, value),
    SS: (at: number, value: number) => view.setInt16(at, value, true),
    US: (at: number, value: number) => view.setUint16(at, value, true),
    SL: (at: number, value: number) => view.setInt32(at, value, true),
    UL: (at: number, value: number) => view.setUint32(at, value, true),
  }[interpretation]
  for (const [at, value] of values.entries()) write(at * size, value)
  return view.buffer
}

function base64(bytes: ArrayBuffer): string {
  return btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''))
}

/** MDC codes of the twelve leads (PS3.16 CID 3001), in the usual order. */
export const MDC: Record<string, string> = {
  ...{ I: '2:1', II: '2:2', III: '2:61', aVR: '2:62', aVL: '2:63', aVF: '2:64' },
  ...{ V1: '2:3', V2: '2:4', V3: '2:5', V4: '2:6', V5: '2:7', V6: '2:8' },
}

export function leadChannel(lead: string, given: ChannelGiven = {}): ChannelGiven {
  return {
    code: ['MDC', MDC[lead] ?? '', `Lead ${lead}`],
    sensitivity: 1,
    unit: 'uV',
    ...given,
  }
}

/** Twelve equal channels of one wave, `wave(seconds)` as encoded values, ten seconds long. */
export function twelve(
  wave: (time: number) => number,
  given: ChannelGiven & { rate?: number; seconds?: number } = {},
): GroupGiven {
  const { rate = 500, seconds = 10, ...channelGiven } = given
  return {
    rate,
    channels: Object.keys(MDC).map((lead) => leadChannel(lead, channelGiven)),
    samples: Array.from({ length: rate * seconds }, (_, at) =>
      Array.from({ length: 12 }, () => Math.round(wave(at / rate))),
    ),
  }
}

/** A group as the strip would get it: written, found again, decoded. */
export function read(given: GroupGiven): Signal {
  const [recording] = recordingsOf([instance([given])])
  if (!recording?.data || !('inline' in recording.data)) throw new Error('no recording')
  return decode(recording, fromBase64(recording.data.inline))
}

export function signalOf(...given: Parameters<typeof twelve>): Signal {
  return read(twelve(...given))
}
