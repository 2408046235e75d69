/** Labels of the codes a form holds, looked up in the catalogue. */
import type { CatalogueOut, Field, PatientOut, RequestRow } from '../shared/schema'
import { pick } from '../shared/words'

export function fieldOf(
  catalogue: CatalogueOut | undefined,
  service: string,
  key: string,
): Field | undefined {
  return catalogue?.services
    .find((each) => each.code === service)
    ?.form.flatMap((section) => section.fields)
    .find((field) => field.key === key)
}

export function optionLabel(field: Field | undefined, value: string): string {
  const option = field?.options.find((each) => each.value === value)
  return option ? pick(option.label) : value
}

export function serviceLabel(catalogue: CatalogueOut | undefined, code: string): string {
  const service = catalogue?.services.find((each) => each.code === code)
  return service ? pick(service.label) : code
}

/** CT 胸部, 心电: what was examined, short. */
export function examLabel(
  catalogue: CatalogueOut | undefined,
  row: { service: string; modality: string | null; body_part: RequestRow['body_part'] },
): string {
  const part = row.body_part ? pick(row.body_part) : ''
  const label = [row.modality, part].filter(Boolean).join(' ')
  return label || serviceLabel(catalogue, row.service)
}

/** The coded reason of a step in words; an unknown code is shown as it is. */
export function reasonLabel(
  catalogue: CatalogueOut | undefined,
  step: string,
  code: unknown,
): string {
  if (typeof code !== 'string') return ''
  const found = catalogue?.reasons.find((each) => each.code === code && each.step === step)
  const any = found ?? catalogue?.reasons.find((each) => each.code === code)
  return any ? pick(any.label) : code
}

/** A number the server made up because nobody gave one; it tells a person nothing. */
const SYNTHETIC = 'NOID-'

/** A patient's own number, or nothing when there is none. */
export function patientNumber(patient: Pick<PatientOut, 'patient_id'>): string {
  return patient.patient_id.startsWith(SYNTHETIC) ? '' : patient.patient_id
}

/** 1961-02-14 · WM2026000918: what tells two people of one name apart. */
export function patientFacts(patient: Pick<PatientOut, 'birth_date' | 'patient_id'>): string {
  return [patient.birth_date, patientNumber(patient)].filter(Boolean).join(' · ') || '—'
}
