/** The text of a report while it is written: what is in it, what is missing, what a template does. */
import type {
  CatalogueOut,
  ReportContent,
  Section,
  TemplateOut,
  VersionOut,
} from '../shared/schema'
import { pick } from '../shared/words'

export interface Written {
  findings: string
  impression: string
  positive: boolean | null
  critical: string[]
  fields: Record<string, unknown>
}

export function writtenOf(content: ReportContent): Written {
  return {
    findings: content.findings ?? '',
    impression: content.impression ?? '',
    positive: content.positive ?? null,
    critical: [...(content.critical ?? [])],
    fields: { ...content.fields },
  }
}

/** Why a revision was begun (its first line), and what a verifier asked to change (the rest). */
export function reasonsOf(version: Pick<VersionOut, 'kind' | 'reason'>): {
  reason: string
  asked: string
} {
  if (version.kind === 'original') return { reason: '', asked: version.reason }
  const [reason = '', ...asked] = version.reason.split('\n')
  return { reason, asked: asked.join('\n') }
}

/** Common to every report; the others are the service's own. */
const OWN = new Set(['findings', 'impression', 'positive'])

/** Whether the report says positive or negative; a service without the row asks for no outcome. */
export function asksOutcome(form: readonly Section[]): boolean {
  return form.some((section) => section.fields.some((field) => field.key === 'positive'))
}

export function ownFields(form: readonly Section[]) {
  return form.flatMap((section) => section.fields).filter((field) => !OWN.has(field.key))
}

/** Blanks a template left: they must be filled or struck out before a signature. */
export function blanks(written: Pick<Written, 'findings' | 'impression'>): number {
  return (written.findings + written.impression).match(/＿+/g)?.length ?? 0
}

/** Labels of what must still be written before signing; an addendum only adds words. */
export function lacking(written: Written, form: readonly Section[], kind: string): string[] {
  const own = ownFields(form).filter(
    (field) => kind !== 'addendum' && field.required && isBlank(written.fields[field.key]),
  )
  const common = form
    .flatMap((section) => section.fields)
    .filter(
      (field) =>
        (field.key === 'findings' || field.key === 'impression') && !written[field.key].trim(),
    )
  return [...common, ...own].map((field) => pick(field.label))
}

function isBlank(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}

/**
 * A template put in: into empty text it goes as it is; where something is written it is added
 * below, so no word of the reader's is lost.
 */
export function withTemplate(written: Written, template: TemplateOut): Written {
  return {
    ...written,
    findings: joined(written.findings, template.findings),
    impression: joined(written.impression, template.impression),
    positive: written.positive ?? template.positive,
  }
}

function joined(before: string, added: string): string {
  const text = added.trim()
  return before.trim() ? `${before.trimEnd()}\n${text}` : text
}

/** Templates of the service, those of this modality and part first. */
export function fittingTemplates(
  catalogue: CatalogueOut,
  row: { service: string; modality: string | null; body_part: { zh: string } | null },
): TemplateOut[] {
  const partCode = bodyPartCode(catalogue, row)
  const score = (template: TemplateOut) =>
    (row.modality && template.modalities.includes(row.modality) ? 2 : 0) +
    (partCode && template.body_part === partCode ? 1 : 0)
  return catalogue.templates
    .filter((template) => template.service === row.service)
    .sort((a, b) => score(b) - score(a))
}

function bodyPartCode(
  catalogue: CatalogueOut,
  row: { service: string; body_part: { zh: string } | null },
): string | undefined {
  return catalogue.services
    .find((service) => service.code === row.service)
    ?.form.flatMap((section) => section.fields)
    .find((field) => field.key === 'body_part')
    ?.options.find((option) => option.label.zh === row.body_part?.zh)?.value
}
