/** How good a line is: before the call by bytes against the clock, during it by what WebRTC counts. */
import { live } from '../live/live'
import type { FoundIn } from '../shared/schema'
import { timeDown, timeUp } from './api'
import type { Reading } from './steps'

const SMALL = 65_536
const LARGE = 1_048_576
/** A small piece that took less says too little about the line: a large one follows. */
const QUICK_MS = 400
const GATHER_MS = 4_000

export type LineFound = Pick<FoundIn, 'round_trip_ms' | 'down_kbps' | 'up_kbps'>

/** Kilobits a second of so many bytes in so many milliseconds, less what one round trip takes. */
export function kbps(bytes: number, milliseconds: number, roundTrip: number): number {
  const spent = Math.max(milliseconds - roundTrip, milliseconds / 10, 1)
  return Math.round((bytes * 8) / spent)
}

async function speed(
  time: (bytes: number) => Promise<number>,
  roundTrip: number,
): Promise<number | null> {
  try {
    const small = await time(SMALL)
    if (small - roundTrip > QUICK_MS) return kbps(SMALL, small, roundTrip)
    return kbps(LARGE, await time(LARGE), roundTrip)
  } catch {
    return null // told as unknown; the check goes on with what can be measured
  }
}

/** The median of five words to the server and back. */
async function roundTrip(): Promise<number | null> {
  const times: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const late = new Promise<null>((tell) => setTimeout(() => tell(null), 3_000))
    const time = await Promise.race([live.roundTrip(), late])
    if (time === null) return null
    times.push(time)
  }
  return Math.round(times.sort((a, b) => a - b)[2] ?? 0)
}

export async function measureLine(): Promise<LineFound> {
  const back = await roundTrip()
  const down = await speed(timeDown, back ?? 0)
  const up = await speed(timeUp, back ?? 0)
  return { round_trip_ms: back, down_kbps: down, up_kbps: up }
}

export interface Reachable {
  /** Whether this machine finds any way to others by itself. */
  direct: boolean | null
  /** Whether a TURN server lets it relay; null where none is set up. */
  relay: boolean | null
}

/** Which ways out a browser finds, by asking it for candidates. */
export async function reach(ice: RTCIceServer[], relayOnly: boolean): Promise<Reachable> {
  const line = new RTCPeerConnection({
    iceServers: ice,
    iceTransportPolicy: relayOnly ? 'relay' : 'all',
  })
  const found = new Set<string>()
  const done = new Promise<void>((tell) => {
    line.onicecandidate = ({ candidate }) => {
      if (candidate === null) tell()
      else found.add(candidate.type ?? '')
    }
    setTimeout(tell, GATHER_MS)
  })
  line.createDataChannel('reach')
  await line.setLocalDescription()
  await done
  line.close()
  return {
    direct: relayOnly ? null : found.has('host') || found.has('srflx'),
    relay: ice.length > 0 ? found.has('relay') : null,
  }
}

// --- during the call ------------------------------------------------------------------------

export type Quality = 'good' | 'fair' | 'poor' | 'unknown'

/** What was counted on the way to or from another member. */
export interface Counted {
  roundTripMs: number | null
  /** Of what was sent here lately, the part that was lost. */
  lost: number | null
  /** The same of what was sent from here, as the other side told. */
  lostThere: number | null
  receivedKbps: number
  sentKbps: number
  frames: number
  available: number | null
}

export function qualityOf(counted: Counted | null): Quality {
  if (counted === null || (counted.roundTripMs === null && counted.lost === null)) return 'unknown'
  const slow = counted.roundTripMs ?? 0
  const lost = counted.lost ?? 0
  if (slow > 600 || lost > 0.08) return 'poor'
  if (slow > 250 || lost > 0.02) return 'fair'
  return 'good'
}

interface Sums {
  at: number
  received: number
  sent: number
  lost: number
  got: number
  packets: number
  missed: number
}

/** Fewer packets than this say nothing about a part of them. */
const FEW = 10

/** Reads the statistics of one connection; each reading counts from the one before. */
export class Counter {
  private last: Sums | null = null

  read(stats: RTCStatsReport, now: number): Counted {
    const sums: Sums = { at: now, received: 0, sent: 0, lost: 0, got: 0, packets: 0, missed: 0 }
    const told = { roundTripMs: null as number | null, available: null as number | null, frames: 0 }
    for (const row of stats.values()) count(row as Row, sums, told)
    const before = this.last
    this.last = sums
    const seconds = before === null ? 0 : (now - before.at) / 1000
    const rate = (more: number) => (seconds > 0 ? Math.max(0, (more * 8) / 1000 / seconds) : 0)
    const lost = before === null ? 0 : sums.lost - before.lost
    const got = before === null ? 0 : sums.got - before.got
    const packets = before === null ? 0 : sums.packets - before.packets
    const missed = before === null ? 0 : sums.missed - before.missed
    return {
      ...told,
      lost: lost + got > 0 ? Math.max(0, lost) / (Math.max(0, lost) + got) : null,
      lostThere: packets < FEW ? null : Math.min(1, Math.max(0, missed) / packets),
      receivedKbps: before === null ? 0 : rate(sums.received - before.received),
      sentKbps: before === null ? 0 : rate(sums.sent - before.sent),
    }
  }
}

/** What a rule about the whole line wants to know of one connection, either way. */
export const readingOf = (counted: Counted): Reading => ({
  roundTripMs: counted.roundTripMs,
  lost:
    counted.lost === null && counted.lostThere === null
      ? null
      : Math.max(counted.lost ?? 0, counted.lostThere ?? 0),
  available: counted.available,
})

type Row = Record<string, number> & { type: string; kind?: string; nominated?: boolean }
type Told = { roundTripMs: number | null; available: number | null; frames: number }

const COUNTED: Record<string, Partial<Record<keyof Sums, string>>> = {
  'inbound-rtp': { received: 'bytesReceived', lost: 'packetsLost', got: 'packetsReceived' },
  'outbound-rtp': { sent: 'bytesSent', packets: 'packetsSent' },
  'remote-inbound-rtp': { missed: 'packetsLost' },
}

function count(row: Row, sums: Sums, told: Told): void {
  for (const [sum, field] of Object.entries(COUNTED[row.type] ?? {}))
    sums[sum as keyof Sums] += row[field] ?? 0
  if (row.type === 'inbound-rtp') told.frames += row.framesDecoded ?? 0
  if (row.type !== 'candidate-pair' || !row.nominated) return
  if (row.currentRoundTripTime !== undefined)
    told.roundTripMs = Math.round(row.currentRoundTripTime * 1000)
  if (row.availableOutgoingBitrate !== undefined)
    told.available = Math.round(row.availableOutgoingBitrate / 1000)
}
