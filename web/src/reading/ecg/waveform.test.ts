import { describe, expect, it } from 'vitest'
import { type Dataset, decode, leadCalled, mainGroup, samplesOf, UnreadableEcg } from './waveform'

const value = (vr: string, ...Value: unknown[]) => ({ vr, Value })

function channel(name: string, sensitivity: number, unit: string, baseline = 0): Dataset {
  return {
    '003A0208': value('SQ', { '00080104': value('LO', name) }),
    '003A0210': value('DS', sensitivity),
    '003A0211': value('SQ', { '00080100': value('SH', unit) }),
    '003A0212': value('DS', 1),
    '003A0213': value('DS', baseline),
  }
}

function group(channels: Dataset[], samples: number): Dataset {
  return {
    '003A0005': value('US', channels.length),
    '003A0010': value('UL', samples),
    '003A001A': value('DS', 500),
    '003A0200': { vr: 'SQ', Value: channels },
    '54001004': value('US', 16),
    '54001010': { vr: 'OW', BulkDataURI: 'bulkdata/54000100/0/54001010' },
  }
}

const bytes = (...values: number[]) => Int16Array.from(values).buffer

describe('an ECG', () => {
  it.each([
    ['uV', 2.5, 400, 1],
    ['mV', 0.0025, 400, 1],
    ['uV', 1, -500, -0.5],
  ])('gives millivolts from %s with its own sensitivity %d', (unit, sensitivity, raw, expected) => {
    const recording = decode(group([channel('Lead I', sensitivity, unit)], 1), bytes(raw))
    expect(recording.leads[0]?.millivolts[0]).toBeCloseTo(expected, 6)
  })

  it('takes interleaved channels apart and knows each lead by its name', () => {
    const leads = [channel('Lead I', 1, 'mV'), channel('Lead aVR', 1, 'mV'), channel('V1', 1, 'mV')]
    const recording = decode(group(leads, 2), bytes(1, 2, 3, 4, 5, 6))
    expect([...(leadCalled(recording, 'aVR')?.millivolts ?? [])]).toEqual([2, 5])
    expect([...(leadCalled(recording, 'V1')?.millivolts ?? [])]).toEqual([3, 6])
    expect(recording.seconds).toBeCloseTo(2 / 500)
  })

  it('adds the baseline before scaling', () => {
    const recording = decode(group([channel('I', 0.001, 'mV', 100)], 1), bytes(400))
    expect(recording.leads[0]?.millivolts[0]).toBeCloseTo(0.5, 6)
  })

  it('reads the rhythm, not the median beat', () => {
    const rhythm = group([channel('I', 1, 'mV')], 5000)
    const median = group([channel('I', 1, 'mV')], 600)
    const instance: Dataset = { '54000100': { vr: 'SQ', Value: [median, rhythm] } }
    expect(mainGroup(instance)).toBe(rhythm)
    expect(samplesOf(rhythm)).toEqual({ address: 'bulkdata/54000100/0/54001010' })
  })

  it('draws no shorter recording as if it were whole', () => {
    const recording = decode(group([channel('I', 1, 'mV')], 1000), bytes(1, 2, 3))
    expect(recording.seconds).toBeCloseTo(3 / 500)
  })

  it('refuses to guess a unit it does not know', () => {
    expect(() => decode(group([channel('I', 1, 'bpm')], 1), bytes(1))).toThrow(UnreadableEcg)
  })
})
