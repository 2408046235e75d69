/** What was asked, section by section, as the form had it. Empty fields are not shown. */
import type { Field, RequestOut, Section } from '../shared/schema'
import { exactWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import { useService } from './api'
import { optionLabel } from './names'
import styles from './RequestContent.module.css'

const { say } = defineWords('content', {
  yes: ['是', 'yes'],
  no: ['否', 'no'],
  specimen: ['{{part}} {{pieces}} 块', '{{part}}, {{pieces}} pieces'],
})

interface Props {
  item: Pick<RequestOut, 'service' | 'content'>
  /** Sections to leave out, such as the contact in a reader's narrow panel. */
  without?: readonly string[]
  /** As a sheet to be read whole: every section named at its left, the text larger. */
  sheet?: boolean
}

export function RequestContent({ item, without = [], sheet = false }: Props) {
  const service = useService(item.service)
  const sections = (service?.form ?? []).filter((section) => !without.includes(section.key))
  return (
    <div className={sheet ? styles.sheet : styles.content}>
      {sections.map((section) => (
        <SectionView key={section.key} section={section} content={item.content} named={sheet} />
      ))}
    </div>
  )
}

interface SectionProps {
  section: Section
  content: RequestOut['content']
  /** Named even where a field of the same name says it already. */
  named: boolean
}

function SectionView({ section, content, named }: SectionProps) {
  const given = section.fields.filter((field) => words(field, content[field.key]) !== '')
  if (given.length === 0) return null
  return (
    <section>
      {!named && given.some((field) => pick(field.label) === pick(section.label)) ? null : (
        <h4 className={styles.section}>{pick(section.label)}</h4>
      )}
      <dl className={styles.fields}>
        {given.map((field) => (
          <div key={field.key} className={isLong(field) ? styles.wide : undefined}>
            <dt>{pick(field.label)}</dt>
            <dd>
              {words(field, content[field.key])} {field.unit ?? ''}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

/** Fields whose words want the whole width. */
export function isLong(field: Field): boolean {
  return (
    field.type === 'textarea' ||
    field.type === 'icd10' ||
    field.type === 'operation' ||
    field.type === 'people' ||
    field.type === 'lines' ||
    (field.type === 'text' && field.max_length >= LONG_TEXT)
  )
}
const LONG_TEXT = 150

interface Diagnosis {
  code?: string
  name?: string
}

interface Specimen {
  part?: string
  pieces?: number
  fixative?: string
}

const CODED = new Set(['icd10', 'operation', 'person'])

/** A form value as text. */
export function words(field: Field, value: unknown): string {
  if (value === undefined || value === null || value === '') return ''
  if (typeof value === 'boolean') return value ? say('yes') : ''
  if (CODED.has(field.type)) return diagnosisWords(value)
  if (field.type === 'people' && Array.isArray(value)) return value.map(listed).join('、')
  if (field.type === 'lines' && Array.isArray(value))
    return value.map((line, at) => `${at + 1}. ${line}`).join('\n')
  if (field.type === 'specimens' && Array.isArray(value))
    return (value as Specimen[])
      .map(
        (each) =>
          `${say('specimen', { part: each.part ?? '', pieces: each.pieces ?? 1 })} ${each.fixative ?? ''}`,
      )
      .join('；')
  if (Array.isArray(value)) return value.map((each) => optionLabel(field, String(each))).join('、')
  if (field.type === 'datetime') return exactWords(String(value)).slice(0, 16)
  return optionLabel(field, String(value))
}

/** A person with where they belong; forms of before have lines of text. */
function listed(one: { name: string; place?: string } | string): string {
  if (typeof one === 'string') return one
  return one.place ? `${one.name}（${one.place}）` : one.name
}

function diagnosisWords(value: unknown): string {
  const all = Array.isArray(value) ? value : [value]
  return all
    .map((each) =>
      typeof each === 'object' && each !== null
        ? [(each as Diagnosis).name, (each as Diagnosis).code].filter(Boolean).join(' ')
        : String(each),
    )
    .join('；')
}
