import { describe, expect, it } from 'vitest'
import {
  coded,
  type GroupGiven,
  instance,
  leadChannel,
  MDC,
  one,
  read,
  sequence,
  twelve,
} from './samples'
import { decode, recordingsOf, type Signal, valueAt } from './waveform'

function values(signal: Signal, lead: string): number[] {
  return [...(signal.leads.get(lead)?.mv ?? [])].map((mv) => Math.round(mv * 1e4) / 1e4)
}

const single = (given: Parameters<typeof leadChannel>[1], samples: number[]): GroupGiven => ({
  rate: 500,
  channels: [leadChannel('I', given)],
  samples: samples.map((sample) => [sample]),
})

describe('millivolts', () => {
  it.each([
    ['1 uV', { sensitivity: 1, unit: 'uV' }, 1000],
    ['2.5 uV', { sensitivity: 2.5, unit: 'uV' }, 400],
    ['4.88 uV corrected by 1.0246', { sensitivity: 4.88, unit: 'uV', correction: 1.02459 }, 200],
    ['0.005 mV', { sensitivity: 0.005, unit: 'mV' }, 200],
    ['"0.001" mV, a string', { sensitivity: '0.001', unit: 'mV' }, 1000],
    ['1 nV', { sensitivity: 1000, unit: 'nV' }, 1000],
    ['micro sign', { sensitivity: 5, unit: 'µV' }, 200],
    ['1e-6 V', { sensitivity: 1e-6, unit: 'V' }, 1000],
  ])('%s: the stated units make 1 mV', (_, given, sample) => {
    expect(values(read(single(given, [sample])), 'I')[0]).toBeCloseTo(1, 3)
  })

  it('adds the baseline in the unit of the sensitivity, negative too (C.10.9.1.4)', () => {
    const given = { sensitivity: 2.5, unit: 'uV', baseline: -500 }
    expect(values(read(single(given, [0, 200, 600])), 'I')).toEqual([-0.5, 0, 1])
  })

  it('reads unsigned samples as unsigned, the baseline bringing them back to zero', () => {
    const samples = [0x8000, 0x8000 + 400, 0x8000 - 400]
    const given = { sensitivity: 2.5, unit: 'uV', baseline: -0x8000 * 2.5 }
    const group = { ...single(given, samples), interpretation: 'US' as const }
    expect(values(read(group), 'I')).toEqual([0, 1, -1])
    expect(values(read(single({ sensitivity: 2.5, unit: 'uV' }, [400, -400])), 'I')).toEqual([
      1, -1,
    ])
  })

  it.each(['SB', 'UB', 'SL', 'UL'] as const)('reads %s samples', (interpretation) => {
    const group = { ...single({ sensitivity: 10, unit: 'uV' }, [100, 0]), interpretation }
    expect(values(read(group), 'I')).toEqual([1, 0])
  })

  it('draws no channel without a unit, and says which', () => {
    const bare = { label: 'I', code: ['MDC', '2:1', 'Lead I'] as [string, string, string] }
    const group = { rate: 500, channels: [bare], samples: [[1000]] }
    expect(read(group).leads.get('I')?.mv).toBeNull()
    expect(read(single({ sensitivity: 1, unit: 'mm[Hg]' }, [1])).leads.get('I')?.mv).toBeNull()
  })

  it('leaves a gap where the padding value stands', () => {
    const group = { ...single({}, [1000, -32768, 1000]), padding: -32768 }
    expect(values(read(group), 'I')).toEqual([1, Number.NaN, 1])
    expect(read(group).leads.get('I')?.saturated).toEqual([])
  })

  it('marks samples at the end of the converter, by the bits stored', () => {
    const group = single({ bitsStored: 12 }, [0, 2047, 2047, 0, -2048])
    expect(read(group).leads.get('I')?.saturated).toEqual([
      { from: 1, to: 2 },
      { from: 4, to: 4 },
    ])
  })
})

describe('leads', () => {
  it('are told by their codes, whatever the order of the channels', () => {
    const order = ['V6', 'aVF', 'II', 'V1', 'III', 'aVR', 'V3', 'I', 'V2', 'aVL', 'V5', 'V4']
    const group = {
      rate: 500,
      channels: order.map((lead) => leadChannel(lead)),
      samples: [order.map((_, at) => at * 100)],
    }
    const signal = read(group)
    for (const [at, lead] of order.entries()) expect(values(signal, lead)).toEqual([at / 10])
    expect(signal.missing).toEqual([])
  })

  it.each([
    [{ code: ['MDC', '131133', 'x'] }, 'III'],
    [{ code: ['SCPECG', '5.6.3-9-62', 'x'] }, 'aVR'],
    [{ code: ['99LOCAL', 'a', 'aVL, augmented voltage, left'] }, 'aVL'],
    [{ code: ['99LOCAL', 'b', 'MDC_ECG_LEAD_V4'] }, 'V4'],
    [{ code: ['99LOCAL', 'c', 'Lead I (Einthoven)'] }, 'I'],
    [{ code: ['99LOCAL', 'd', 'something'], label: 'v5' }, 'V5'],
    [{ label: 'V2导联' }, 'V2'],
  ] as const)('%j is %s', (given, lead) => {
    const bare = given as Parameters<typeof leadChannel>[1]
    const group = { rate: 500, channels: [{ sensitivity: 1, unit: 'uV', ...bare }], samples: [[0]] }
    expect([...read(group).leads.keys()]).toEqual([lead])
  })

  it('believes the code over the label, and says that they disagree', () => {
    const lead = read(single({ label: 'V3' }, [0])).leads.get('I')
    expect(lead?.channel.disputed).toBe(true)
    expect(read(single({ label: 'I' }, [0])).leads.get('I')?.channel.disputed).toBe(false)
  })

  it('are named when they are missing', () => {
    const group = {
      rate: 500,
      channels: ['I', 'II'].map((lead) => leadChannel(lead)),
      samples: [[0, 0]],
    }
    expect(read(group).missing).toEqual(Object.keys(MDC).filter((lead) => !/^II?$/.test(lead)))
  })

  it('keep both when a file has one name twice', () => {
    const group = {
      rate: 500,
      channels: [leadChannel('II'), leadChannel('II')],
      samples: [[1000, 2000]],
    }
    const signal = read(group)
    expect([values(signal, 'II'), values(signal, 'II (2)')]).toEqual([[1], [2]])
  })
})

describe('recordings', () => {
  it('with twelve channels come first', () => {
    const beat = twelve(() => 0, { seconds: 1 })
    const three = {
      rate: 250,
      channels: ['I', 'II', 'V1'].map((lead) => leadChannel(lead)),
      samples: [[0, 0, 0]],
    }
    expect(recordingsOf([instance([three, beat])]).map((each) => each.channels.length)).toEqual([
      12, 3,
    ])
  })

  it.each([
    ['too-short', twelve(() => 0), 100],
    ['no-rate', twelve(() => 0, { rate: 500 }), 0],
  ])('are refused: %s', (why, group, bytes) => {
    const [recording] = recordingsOf([instance([group])])
    if (!recording) throw new Error('no recording')
    const given = why === 'no-rate' ? { ...recording, rate: 0 } : recording
    expect(() => decode(given, new ArrayBuffer(bytes))).toThrow(expect.objectContaining({ why }))
  })

  it('with mu-law samples are refused rather than misread', () => {
    const [recording] = recordingsOf([instance([twelve(() => 0)])])
    if (!recording) throw new Error('no recording')
    const law = { ...recording, interpretation: 'MB', bitsAllocated: 8 }
    expect(() => decode(law, new ArrayBuffer(1e6))).toThrow(
      expect.objectContaining({ why: 'encoding' }),
    )
  })
})

it('reads between samples along the straight line, with the skew of the channel', () => {
  const signal = read(single({ skew: 0.002 }, [0, 1000]))
  const lead = signal.leads.get('I')
  if (!lead) throw new Error('no lead')
  expect(valueAt(lead, 500, 0.003)).toBeCloseTo(0.5, 6)
  expect(valueAt(lead, 500, 0.001)).toBeNull()
})

it("passes the machine's figures on with their units, by code and by words", () => {
  const note = (
    name: [string, string, string],
    value: number,
    unit: string,
    channels = [1, 0],
  ) => ({
    '0040A043': sequence([coded(...name)]),
    '0040A30A': one(value),
    '004008EA': sequence([coded('UCUM', unit, '')]),
    '0040A0B0': { Value: channels },
  })
  const [recording] = recordingsOf([
    instance(
      [twelve(() => 0, { seconds: 1 })],
      [
        note(['LN', '8867-4', 'Heart rate'], 96, '{H.B.}/min'),
        note(['MDC', '2:15880', 'QTc global using Bazett formula'], 440, 'ms'),
        note(['99X', '1', 'QT Interval'], 348, 'ms'),
        note(['99X', '2', 'QRS Axis'], -30, 'deg'),
        note(['99X', '3', 'P axis'], 50, 'deg'),
        note(['99X', '4', 'R amplitude'], 1.2, 'mV', [1, 3]),
        note(['LN', '8867-4', 'Heart rate'], 40, '{H.B.}/min', [2, 0]),
        { '00700006': one('窦性心律') },
      ],
    ),
  ])
  expect(recording?.notes).toEqual({
    values: {
      rate: { value: 96, unit: '{H.B.}/min', method: '' },
      qtc: { value: 440, unit: 'ms', method: 'Bazett' },
      qt: { value: 348, unit: 'ms', method: '' },
      axis: { value: -30, unit: 'deg', method: '' },
    },
    others: [{ name: 'P axis', value: 50, unit: 'deg' }],
    sentences: ['窦性心律'],
  })
})
