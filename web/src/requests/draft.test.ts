import { describe, expect, it } from 'vitest'
import type { RequestOut, ServiceTypeOut, StudyOut } from '../shared/schema'
import { bodyPartCode, type Draft, draftOf, examMoment, patchOf, withStudy } from './draft'

const empty: Draft = {
  urgency: 'routine',
  providerId: null,
  patientRef: null,
  patient: null,
  content: {},
  consent: { kind: '' },
  studyIds: [],
}
const field = (key: string) => ({ key }) as ServiceTypeOut['form'][number]['fields'][number]
const service = {
  form: [{ key: 'exam', fields: [field('body_part'), field('exam_at')] }],
} as ServiceTypeOut
const study = {
  id: 's1',
  study_date: '2026-11-20',
  study_time: '10:40:07',
  body_part: 'CHEST',
  description: 'CHEST ROUTINE',
  patient: { id: 'p1' },
} as StudyOut

describe('what a draft learns from its study', () => {
  it('takes part, time and patient from DICOM', () => {
    expect(withStudy(empty, study, service)).toMatchObject({
      content: { body_part: 'chest', exam_at: '2026-11-20T10:40:00+08:00' },
      patientRef: 'p1',
      studyIds: ['s1'],
    })
  })

  it('never replaces a word already typed, nor a patient already chosen', () => {
    const typed = { ...empty, content: { body_part: 'heart' }, patientRef: 'p9' }
    expect(withStudy(typed, study, service)).toMatchObject({
      content: { body_part: 'heart' },
      patientRef: 'p9',
    })
  })

  it('attaches the same study once', () => {
    const once = withStudy(empty, study, service)
    expect(withStudy(once, study, service).studyIds).toEqual(['s1'])
  })

  it.each([
    ['LSPINE', 'spine'],
    ['BRAIN', 'head'],
    ['KNEE', 'lower-limb'],
    ['TSPINE', 'spine'],
    ['', null],
    ['WHOLEBODY', null],
  ])('reads the DICOM body part %s as %s', (dicom, code) => {
    expect(bodyPartCode(dicom)).toBe(code)
  })

  it('does not invent a time for a study without a date', () => {
    expect(examMoment({ study_date: '', study_time: '101500' })).toBeNull()
  })
})

describe('what a pause in the typing sends', () => {
  const item = {
    version: 7,
    urgency: 'routine',
    provider: null,
    patient: null,
    content: { reason: 'a' },
    consent: null,
    studies: [],
  } as unknown as RequestOut

  it('sends the version and nothing else when nothing changed', () => {
    expect(patchOf(draftOf(item), item)).toEqual({ version: 7 })
  })

  it('sends only what changed', () => {
    const draft = { ...draftOf(item), content: { reason: 'ab' }, urgency: 'stat' as const }
    expect(patchOf(draft, item)).toEqual({ version: 7, content: { reason: 'ab' }, urgency: 'stat' })
  })
})
