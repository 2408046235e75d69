/** The fields of a form, each drawn from its row in the catalogue. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Input, InputNumber, Radio, Select } from 'antd'
import type { Field } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { useCatalogue } from './api'
import styles from './fields.module.css'
import { DiagnosisInput, LinesInput, OperationInput, PeopleInput, PersonInput } from './pickers'

const { useWords } = defineWords('fields', {
  addSpecimen: ['添加标本', 'Add a specimen'],
  part: ['部位', 'Part'],
  pieces: ['块数', 'Pieces'],
  container: ['容器', 'Container'],
  fixative: ['固定液', 'Fixative'],
  removed: ['离体时间', 'Removed at'],
  fixed: ['固定时间', 'Fixed at'],
  remove: ['删除此标本', 'Remove this specimen'],
  signed: [
    '已向患者或其监护人说明，并签署此同意书（{{version}} 版）',
    'Explained to the patient or guardian, who signed it (version {{version}})',
  ],
  ours: ['申请方', 'The requesting institution'],
  theirs: ['受邀方', 'the responding institution'],
})

export interface FieldProps {
  field: Field
  value: unknown
  onChange: (value: unknown) => void
}

type Input_ = (props: FieldProps & { id: string }) => React.ReactNode

const INPUTS: Record<string, Input_> = {
  text: TextInput,
  textarea: AreaInput,
  select: SelectInput,
  number: NumberInput,
  datetime: MomentInput,
  icd10: DiagnosisInput,
  operation: OperationInput,
  person: PersonInput,
  people: PeopleInput,
  lines: LinesInput,
  checks: ChecksInput,
  specimens: SpecimensInput,
  wording: WordingInput,
}

const WIDE = new Set([
  'textarea',
  'icd10',
  'operation',
  'people',
  'lines',
  'specimens',
  'checks',
  'wording',
])

export function FieldRow({ field, value, onChange, missing }: FieldProps & { missing: boolean }) {
  const id = `field-${field.key}`
  const Input = INPUTS[field.type] ?? TextInput
  const wide = WIDE.has(field.type) || isLongChoice(field)
  // A single tick says its own label.
  const tick = field.type === 'checks' && field.options.length === 0
  return (
    <div className={`${styles.field} ${wide ? styles.wide : ''}`}>
      {tick ? null : (
        <label htmlFor={id} className={styles.label}>
          {pick(field.label)}
          {field.required || missing ? (
            <span className={styles.must} aria-hidden>
              *
            </span>
          ) : null}
          {field.help && wide ? <span className={styles.help}>{pick(field.help)}</span> : null}
        </label>
      )}
      <Input id={id} field={field} value={value} onChange={onChange} />
    </div>
  )
}

/** Choices that stand open side by side need the whole row when there is much to say. */
function isLongChoice(field: Field): boolean {
  const { length } = field.options
  if (field.type !== 'select' || length > OPEN_CHOICES) return false
  return length === OPEN_CHOICES || field.options.map((each) => each.label.zh).join('').length > 10
}
const OPEN_CHOICES = 4

function TextInput({ id, field, value, onChange }: FieldProps & { id: string }) {
  return (
    <Input
      id={id}
      value={typeof value === 'string' ? value : ''}
      maxLength={field.max_length}
      placeholder={field.help ? pick(field.help) : undefined}
      suffix={field.unit ?? undefined}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

function AreaInput({ id, field, value, onChange }: FieldProps & { id: string }) {
  return (
    <Input.TextArea
      id={id}
      value={typeof value === 'string' ? value : ''}
      maxLength={field.max_length}
      autoSize={{ minRows: 2, maxRows: 10 }}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

/** Up to four choices stand open; more fold into a list. */
function SelectInput({ id, field, value, onChange }: FieldProps & { id: string }) {
  const options = field.options.map((each) => ({ value: each.value, label: pick(each.label) }))
  if (options.length <= OPEN_CHOICES)
    return (
      <Radio.Group
        id={id}
        aria-label={pick(field.label)}
        value={value ?? null}
        options={options}
        optionType="button"
        onChange={(event) => onChange(event.target.value)}
      />
    )
  return (
    <Select
      id={id}
      className={styles.full}
      showSearch={{ optionFilterProp: 'label' }}
      allowClear={!field.required}
      value={(value as string | undefined) ?? null}
      options={options}
      onChange={(next: string | undefined) => onChange(next ?? '')}
    />
  )
}

function NumberInput({ id, field, value, onChange }: FieldProps & { id: string }) {
  return (
    <InputNumber
      id={id}
      className={styles.full}
      value={typeof value === 'number' ? value : null}
      placeholder={field.help ? pick(field.help) : undefined}
      title={field.help ? pick(field.help) : undefined}
      suffix={field.unit ?? undefined}
      onChange={onChange}
    />
  )
}

/** The browser's own date and time field: no library, and it speaks the person's language. */
function MomentInput({ id, value, onChange }: FieldProps & { id: string }) {
  return (
    <Input
      id={id}
      type="datetime-local"
      value={localOf(value)}
      onChange={(event) => onChange(event.target.value ? `${event.target.value}:00+08:00` : '')}
    />
  )
}

/** An ISO moment as the field wants it, in the network's zone (UTC+8 all year). */
export function localOf(value: unknown): string {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? '' : new Date(at + 8 * 3_600_000).toISOString().slice(0, 16)
}

/** A text that the patient signs; what is kept is the version of the wording. */
function WordingInput({ id, value, onChange }: FieldProps & { id: string }) {
  const t = useWords()
  const text = useCatalogue()?.filming
  if (!text) return null
  return (
    <div>
      <p className={styles.wording}>
        {pick(text)
          .replaceAll(/\{(requester|receiver)\}/g, (_, side) =>
            t(side === 'requester' ? 'ours' : 'theirs'),
          )
          .trim()}
      </p>
      <Checkbox
        id={id}
        checked={value === text.version}
        onChange={(event) => onChange(event.target.checked ? text.version : '')}
      >
        {t('signed', { version: text.version })}
      </Checkbox>
    </div>
  )
}

function ChecksInput({ id, field, value, onChange }: FieldProps & { id: string }) {
  if (field.options.length === 0)
    return (
      <Checkbox
        id={id}
        checked={value === true}
        onChange={(event) => onChange(event.target.checked)}
      >
        {pick(field.help ?? field.label)}
      </Checkbox>
    )
  return (
    <Checkbox.Group
      value={Array.isArray(value) ? (value as string[]) : []}
      options={field.options.map((each) => ({ value: each.value, label: pick(each.label) }))}
      onChange={onChange}
    />
  )
}

interface Specimen {
  part: string
  pieces: number
  container: string
  fixative: string
  removed_at: string
  fixed_at: string
}

const NO_SPECIMEN: Specimen = {
  part: '',
  pieces: 1,
  container: '',
  fixative: '10% 中性福尔马林',
  removed_at: '',
  fixed_at: '',
}

function SpecimensInput({ value, onChange }: FieldProps) {
  const t = useWords()
  const rows = Array.isArray(value) ? (value as Specimen[]) : []
  const change = (index: number, part: Partial<Specimen>) =>
    onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)))
  const text = (
    row: Specimen,
    index: number,
    key: keyof Specimen,
    word: Parameters<typeof t>[0],
  ) => (
    <div>
      <span className={styles.cellLabel} aria-hidden>
        {t(word)}
      </span>
      <Input
        aria-label={t(word)}
        type={key.endsWith('_at') ? 'datetime-local' : key === 'pieces' ? 'number' : 'text'}
        value={key.endsWith('_at') ? localOf(row[key]) : row[key]}
        onChange={(event) => change(index, { [key]: cellValue(key, event.target.value) })}
      />
    </div>
  )
  return (
    <div className={styles.specimens}>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a specimen has no identity but its place in the list.
        <div key={index} className={styles.specimen}>
          {text(row, index, 'part', 'part')}
          {text(row, index, 'pieces', 'pieces')}
          {text(row, index, 'container', 'container')}
          {text(row, index, 'fixative', 'fixative')}
          {text(row, index, 'removed_at', 'removed')}
          {text(row, index, 'fixed_at', 'fixed')}
          <Button
            type="text"
            aria-label={t('remove')}
            icon={<DeleteOutlined />}
            onClick={() => onChange(rows.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...rows, NO_SPECIMEN])}>
        {t('addSpecimen')}
      </Button>
    </div>
  )
}

function cellValue(key: keyof Specimen, text: string): string | number {
  if (key === 'pieces') return Number(text)
  return key.endsWith('_at') && text ? `${text}:00+08:00` : text
}
