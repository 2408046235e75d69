/**
 * A draft as the page holds it, and what the form can learn from the study.
 *
 * Only what the doctor left empty is filled in from DICOM; a word once typed is never replaced.
 */
import type {
  Consent,
  PatientIn,
  RequestOut,
  RequestPatch,
  ServiceTypeOut,
  StudyOut,
} from '../shared/schema'

export type Urgency = 'routine' | 'urgent' | 'stat'

export interface Draft {
  urgency: Urgency
  providerId: string | null
  patientRef: string | null
  /** A patient typed in by hand; null when a known patient (or the study's) is used. */
  patient: PatientIn | null
  content: Record<string, unknown>
  consent: Consent
  studyIds: string[]
}

export function draftOf(item: RequestOut): Draft {
  return {
    urgency: item.urgency as Urgency,
    providerId: item.provider?.id ?? null,
    patientRef: item.patient?.id ?? null,
    patient: null,
    content: { ...item.content },
    consent: { kind: '', ...item.consent },
    studyIds: item.studies.map((study) => study.id),
  }
}

/** What to send: everything that differs from what the server has. */
export function patchOf(draft: Draft, item: RequestOut): RequestPatch {
  const before = draftOf(item)
  const patch: RequestPatch = { version: item.version }
  if (draft.urgency !== before.urgency) patch.urgency = draft.urgency
  if (draft.providerId !== before.providerId) patch.provider_id = draft.providerId
  if (draft.patient) patch.patient = draft.patient
  else if (draft.patientRef !== before.patientRef) patch.patient_ref = draft.patientRef
  if (!same(draft.content, before.content)) patch.content = draft.content
  if (!same(draft.consent, before.consent)) patch.consent = draft.consent
  if (!same(draft.studyIds, before.studyIds)) patch.study_ids = draft.studyIds
  return patch
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** DICOM body parts (PS3.16 Annex L, as devices write them) to the form's codes. */
const BODY_PARTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/HEAD|BRAIN|SKULL/, 'head'],
  [/NECK|THYROID/, 'neck'],
  [/HEART|AORTA|CORONARY/, 'heart'],
  [/CHEST|LUNG|THORAX|RIB/, 'chest'],
  [/ABDOMEN|LIVER|KIDNEY|PANCREAS|GALL/, 'abdomen'],
  [/PELVIS|BLADDER|UTERUS|PROSTATE/, 'pelvis'],
  [/SPINE/, 'spine'],
  [/ARM|HAND|WRIST|ELBOW|SHOULDER|HUMERUS/, 'upper-limb'],
  [/LEG|FOOT|ANKLE|KNEE|HIP|FEMUR/, 'lower-limb'],
  [/BREAST/, 'breast'],
]

export function bodyPartCode(dicom: string): string | null {
  const text = dicom.toUpperCase()
  return BODY_PARTS.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** 2026-11-22 and 10:40:07 in the network's zone, as an ISO moment. */
export function examMoment(study: Pick<StudyOut, 'study_date' | 'study_time'>): string | null {
  const date = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(study.study_date)
  if (!date) return null
  const time = /^(\d\d):?(\d\d)/.exec(study.study_time)
  return `${date[1]}-${date[2]}-${date[3]}T${time?.[1] ?? '00'}:${time?.[2] ?? '00'}:00+08:00`
}

/** The draft with the study attached and the empty fields filled from it. */
export function withStudy(draft: Draft, study: StudyOut, service: ServiceTypeOut): Draft {
  const keys = new Set(service.form.flatMap((section) => section.fields.map((field) => field.key)))
  const learnt: Record<string, unknown> = {
    body_part: bodyPartCode(study.body_part || study.description),
    exam_at: examMoment(study),
  }
  const content = { ...draft.content }
  for (const [key, value] of Object.entries(learnt))
    if (keys.has(key) && value !== null && isBlank(content[key])) content[key] = value
  return {
    ...draft,
    content,
    studyIds: draft.studyIds.includes(study.id) ? draft.studyIds : [...draft.studyIds, study.id],
    patientRef: draft.patientRef ?? (draft.patient ? null : study.patient.id),
  }
}

export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true
  if (typeof value === 'string') return value.trim() === ''
  return Array.isArray(value) && value.length === 0
}
