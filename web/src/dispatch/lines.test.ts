import { expect, test } from 'vitest'
import type { CandidateOut, ReaderOut, RequestRow } from '../shared/schema'
import { linesOf } from './lines'

const words = {
  service: (code: string) => code,
  without: (services: string) => `without ${services}`,
  part: (n: number, services: string) => `${n} without ${services}`,
}
const reader = (person_id: string, takes: string[]) =>
  ({ person_id, takes, title: { zh: '', en: '' } }) as unknown as ReaderOut
const row = (id: string, service: string, whose: string | null = null) =>
  ({ id, service, scheduled_performer: whose && { person_id: whose } }) as unknown as RequestRow

test('of several cases each reader is offered those they may take', () => {
  const readers = [reader('all', ['ct', 'ecg']), reader('some', ['ecg']), reader('none', [])]
  const lines = linesOf(readers, undefined, [row('1', 'ct'), row('2', 'ecg')], words)
  expect(lines.map((line) => [line.light, line.fits, line.why])).toEqual([
    ['green', ['1', '2'], ''],
    ['amber', ['2'], '1 without ct'],
    ['red', [], 'without ct、ecg'],
  ])
})

test('with nothing chosen nobody is judged, and whose everything is has it', () => {
  const [none] = linesOf([reader('a', ['ct'])], undefined, [], words)
  expect([none?.light, none?.has]).toEqual([null, false])
  const [has] = linesOf([reader('a', ['ct'])], undefined, [row('1', 'ct', 'a')], words)
  expect(has?.has).toBe(true)
})

test('of one case the ranking of the server stands, with its reasons', () => {
  const ranked = {
    person_id: 'b',
    title: { zh: '', en: '' },
    light: 'amber',
    reasons: [{ code: 'off-duty', label: { zh: '不在班', en: 'off duty' } }],
  } as unknown as CandidateOut
  const [line] = linesOf(
    [reader('a', ['ct'])],
    { items: [ranked], suggested: null },
    [row('1', 'ct')],
    words,
  )
  expect([line?.person_id, line?.light, line?.fits]).toEqual(['b', 'amber', ['1']])
  expect(line?.why).not.toBe('')
})
