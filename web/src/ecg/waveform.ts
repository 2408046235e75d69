/**
 * From DICOM JSON and sample bytes to leads in millivolts (PS3.3 C.10.9).
 *
 * Knows encodings, units and offsets; refuses to guess a calibration: a channel whose unit is not
 * stated is named as uncalibrated and never drawn. Nothing here scales a lead by its own height.
 */
import { type Dataset, fromBase64, items, number, text } from './dicomJson'
import { leadOf, STANDARD } from './leads'
import { type MachineNotes, machineNotes } from './machine'

/** Why a recording cannot be drawn; the words are in `words.ts`. */
export type Unreadable = 'no-samples' | 'no-rate' | 'encoding' | 'too-short'

export class UnreadableWaveform extends Error {
  readonly why: Unreadable

  constructor(why: Unreadable, detail: string) {
    super(detail)
    this.name = 'UnreadableWaveform'
    this.why = why
  }
}

export interface Channel {
  name: string
  disputed: boolean
  /** Millivolts of one unit of sample, correction included; null where no unit is stated. */
  mvPerUnit: number | null
  /** Millivolts that an encoded 0 stands for. */
  baselineMv: number
  bitsStored: number
  /** Seconds the first sample lies after the start of the group. */
  skew: number
  /** ChannelStatus other than OK, as the file writes it. */
  status: string[]
  /** What the device filtered before storing: Hz, null where not told. */
  filter: { low: number | null; high: number | null; notch: number | null }
}

/** One multiplex group of one instance: everything but its samples. */
export interface Recording {
  /** Unique within the study. */
  key: string
  label: string
  takenAt: string
  rate: number
  count: number
  channels: Channel[]
  interpretation: string
  bitsAllocated: number
  padding: ArrayBuffer | null
  data: { uri: string } | { inline: string } | null
  notes: MachineNotes
}

export interface Run {
  from: number
  to: number
}

export interface Lead {
  name: string
  channel: Channel
  /** Millivolts; NaN where the file says that there is no value. Null when not calibrated. */
  mv: Float32Array | null
  /** Samples at the end of the converter's range: what was cut off is unknown. */
  saturated: Run[]
}

export interface Signal {
  rate: number
  seconds: number
  leads: Map<string, Lead>
  /** Standard leads the file does not have. */
  missing: string[]
}

/** Every multiplex group of a study, twelve channels or more first, then in the order of the file. */
export function recordingsOf(instances: readonly Dataset[]): Recording[] {
  const all = instances.flatMap((instance) =>
    items(instance, '54000100').map((group, at) => recordingOf(instance, group, at)),
  )
  return [
    ...all.filter((each) => each.channels.length >= 12),
    ...all.filter((each) => each.channels.length < 12),
  ]
}

function recordingOf(instance: Dataset, group: Dataset, at: number): Recording {
  const data = group['54001010']
  const padding = group['5400100A']?.InlineBinary
  return {
    key: `${text(instance, '00080018')} ${at}`,
    label: text(group, '003A0020'),
    takenAt: text(instance, '0008002A') || text(instance, '00080023') + text(instance, '00080033'),
    rate: number(group, '003A001A') ?? 0,
    count: number(group, '003A0010') ?? 0,
    channels: items(group, '003A0200').map(channelOf),
    interpretation: text(group, '54001006'),
    bitsAllocated: number(group, '54001004') ?? 16,
    padding: padding === undefined ? null : fromBase64(padding),
    data:
      data?.BulkDataURI !== undefined
        ? { uri: data.BulkDataURI }
        : data?.InlineBinary !== undefined
          ? { inline: data.InlineBinary }
          : null,
    notes: machineNotes(instance, at + 1),
  }
}

/** Units of ChannelSensitivityUnitsSequence (UCUM) in millivolts. */
const MILLIVOLTS: Record<string, number> = {
  ...{ nV: 1e-6, uV: 1e-3, µV: 1e-3, μV: 1e-3, mV: 1, V: 1e3 },
  ...{ nanovolt: 1e-6, microvolt: 1e-3, millivolt: 1, volt: 1e3 },
}

function channelOf(channel: Dataset, position: number): Channel {
  const [unit] = items(channel, '003A0211')
  const scale = unit
    ? (MILLIVOLTS[text(unit, '00080100')] ?? MILLIVOLTS[text(unit, '00080104').toLowerCase()])
    : undefined
  const sensitivity = number(channel, '003A0210')
  const correction = number(channel, '003A0212') ?? 1
  return {
    ...leadOf(channel, position),
    mvPerUnit:
      scale === undefined || sensitivity === null || sensitivity * correction === 0
        ? null
        : sensitivity * correction * scale,
    baselineMv: (number(channel, '003A0213') ?? 0) * (scale ?? 0),
    bitsStored: number(channel, '003A021A') ?? 16,
    skew: number(channel, '003A0214') ?? 0,
    status: statusOf(channel),
    filter: {
      low: number(channel, '003A0220'),
      high: number(channel, '003A0221'),
      notch: number(channel, '003A0222'),
    },
  }
}

function statusOf(channel: Dataset): string[] {
  const said = channel['003A0205']?.Value ?? []
  return said.filter((each): each is string => typeof each === 'string' && each !== 'OK')
}

interface Encoding {
  bytes: number
  signed: boolean
  read: (view: DataView, at: number) => number
}

/** Waveform Sample Interpretation (5400,1006), PS3.3 C.10.9.1.5; samples are little endian. */
const ENCODINGS: Record<string, Encoding> = {
  SB: { bytes: 1, signed: true, read: (view, at) => view.getInt8(at) },
  UB: { bytes: 1, signed: false, read: (view, at) => view.getUint8(at) },
  SS: { bytes: 2, signed: true, read: (view, at) => view.getInt16(at, true) },
  US: { bytes: 2, signed: false, read: (view, at) => view.getUint16(at, true) },
  SL: { bytes: 4, signed: true, read: (view, at) => view.getInt32(at, true) },
  UL: { bytes: 4, signed: false, read: (view, at) => view.getUint32(at, true) },
}

/** The leads of a recording in millivolts; throws UnreadableWaveform. */
export function decode(recording: Recording, bytes: ArrayBuffer): Signal {
  const { channels, rate, count } = recording
  const encoding = ENCODINGS[recording.interpretation]
  if (encoding === undefined || encoding.bytes * 8 !== recording.bitsAllocated)
    throw new UnreadableWaveform('encoding', recording.interpretation)
  if (rate <= 0) throw new UnreadableWaveform('no-rate', '(003A,001A)')
  const needed = channels.length * count * encoding.bytes
  if (needed === 0 || bytes.byteLength < needed)
    throw new UnreadableWaveform('too-short', `${bytes.byteLength} < ${needed}`)
  const view = new DataView(bytes)
  const padding =
    recording.padding && recording.padding.byteLength >= encoding.bytes
      ? encoding.read(new DataView(recording.padding), 0)
      : null
  const leads = new Map<string, Lead>()
  for (const [at, channel] of channels.entries()) {
    const raw = Float64Array.from({ length: count }, (_, sample) =>
      encoding.read(view, (sample * channels.length + at) * encoding.bytes),
    )
    const name = freeName(leads, channel.name)
    leads.set(name, leadFrom(name, channel, raw, padding, encoding))
  }
  return {
    rate,
    seconds: count / rate,
    leads,
    missing: STANDARD.filter((name) => !leads.has(name)),
  }
}

/** A second channel of the same name is kept beside the first, not over it. */
function freeName(leads: ReadonlyMap<string, Lead>, name: string): string {
  let free = name
  for (let again = 2; leads.has(free); again++) free = `${name} (${again})`
  return free
}

function leadFrom(
  name: string,
  channel: Channel,
  raw: Float64Array,
  padding: number | null,
  encoding: Encoding,
): Lead {
  const { mvPerUnit, baselineMv, bitsStored } = channel
  if (mvPerUnit === null) return { name, channel, mv: null, saturated: [] }
  const lowest = encoding.signed ? -(2 ** (bitsStored - 1)) : 0
  const highest = encoding.signed ? 2 ** (bitsStored - 1) - 1 : 2 ** bitsStored - 1
  const mv = Float32Array.from(raw, (value) =>
    value === padding ? Number.NaN : value * mvPerUnit + baselineMv,
  )
  const atEnd = (value: number) => value !== padding && (value <= lowest || value >= highest)
  return { name, channel, mv, saturated: runsOf(raw.length, (at) => atEnd(raw[at] ?? 0)) }
}

/** The stretches of `length` places where `hit` holds, ends included. */
export function runsOf(length: number, hit: (at: number) => boolean): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < length; at++) {
    if (!hit(at)) continue
    const last = runs.at(-1)
    if (last && last.to === at - 1) last.to = at
    else runs.push({ from: at, to: at })
  }
  return runs
}

/** The lead's value at a time of the recording in seconds, straight between samples; null outside. */
export function valueAt(lead: Lead, rate: number, time: number): number | null {
  if (lead.mv === null) return null
  const place = (time - lead.channel.skew) * rate
  const before = Math.floor(place)
  const low = lead.mv[before]
  if (low === undefined || Number.isNaN(low)) return null
  const high = lead.mv[before + 1] ?? low
  return Number.isNaN(high) ? low : low + (high - low) * (place - before)
}

/** What the device filtered, when every channel says the same. */
export function deviceFilter(recording: Recording): Channel['filter'] {
  const same = (pick: (filter: Channel['filter']) => number | null) => {
    const said = new Set(recording.channels.map((channel) => pick(channel.filter)))
    const [only = null] = said
    return said.size === 1 ? only : null
  }
  return {
    low: same((filter) => filter.low),
    high: same((filter) => filter.high),
    notch: same((filter) => filter.notch),
  }
}
