/** Fields that look something up while one types: codes, operations, colleagues; and lines. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useState } from 'react'
import { api, body } from '../shared/api'
import type { Field } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { defineWords, pick } from '../shared/words'
import styles from './fields.module.css'

const { useWords } = defineWords('pickers', {
  diagnosis: ['输入名称、拼音首字母或 ICD-10 编码', 'Name, initials or ICD-10 code'],
  operation: ['输入名称、拼音首字母或 ICD-9-CM-3 编码', 'Name, initials or ICD-9-CM-3 code'],
  asTyped: ['“{{text}}”（暂无编码）', '“{{text}}” (no code)'],
  person: ['本机构医师姓名', "A colleague's name"],
  people: ['输入姓名或机构名称', 'Name or institution'],
  addLine: ['添加一行', 'Add a line'],
  line: ['{{label}} 第 {{n}} 行', '{{label}}, line {{n}}'],
  remove: ['删除第 {{n}} 行', 'Remove line {{n}}'],
})

interface InputProps {
  id: string
  field: Field
  value: unknown
  onChange: (value: unknown) => void
}

interface Code {
  code: string
  name: string
}

type Look = (q: string) => Promise<{ code: string; name_zh: string; name_en: string }[]>

const diagnoses: Look = async (q) =>
  (await body(api.GET('/api/icd10', { params: { query: { q } } }))).items
const operations: Look = async (q) =>
  (await body(api.GET('/api/operations', { params: { query: { q } } }))).items

export function DiagnosisInput(props: Omit<InputProps, 'field'>) {
  return <CodesInput {...props} look={diagnoses} list="diagnosis" free />
}

/** Only what the list has: who may operate is asked by the list's level. */
export function OperationInput(props: Omit<InputProps, 'field'>) {
  return <CodesInput {...props} look={operations} list="operation" />
}

interface CodesProps extends Omit<InputProps, 'field'> {
  look: Look
  list: 'diagnosis' | 'operation'
  /** Whether words without a code are taken too. */
  free?: boolean
}

function CodesInput({ id, value, onChange, look, list, free = false }: CodesProps) {
  const t = useWords()
  const chosen = Array.isArray(value) ? (value as Code[]) : []
  const [typed, setTyped] = useState('')
  const q = useSettled(typed.trim(), 200)
  const { data, isFetching } = useQuery({
    queryKey: [list, q],
    enabled: q.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => look(q),
  })
  const known = (q ? data : undefined) ?? []
  const options = known.map((each) => ({
    value: join({ code: each.code, name: each.name_zh }),
    label: `${pick({ zh: each.name_zh, en: each.name_en })}  ${each.code}`,
  }))
  if (free && q && !options.some((each) => each.label.startsWith(q)))
    options.push({ value: join({ code: '', name: q }), label: t('asTyped', { text: q }) })
  return (
    <Select
      id={id}
      className={styles.full}
      mode="multiple"
      placeholder={t(list)}
      showSearch={{ filterOption: false, onSearch: setTyped, searchValue: typed }}
      loading={isFetching}
      notFoundContent={null}
      value={chosen.map((each) => ({
        value: join(each),
        label: [each.name, each.code].filter(Boolean).join(' '),
      }))}
      labelInValue
      options={options}
      onChange={(next: { value: string }[]) => {
        setTyped('')
        onChange(next.map((each) => split(each.value)))
      }}
    />
  )
}

function join(each: Code): string {
  return `${each.code}\t${each.name}`
}

function split(text: string): Code {
  const [code = '', name = ''] = text.split('\t')
  return { code, name }
}

/** Somebody of the own register. */
export function PersonInput({ id, field, value, onChange }: InputProps) {
  const t = useWords()
  const chosen = value as { id: string; name: string } | undefined
  const [typed, setTyped] = useState('')
  const q = useSettled(typed.trim(), 200)
  const { data, isFetching } = useQuery({
    queryKey: ['staff', q],
    queryFn: () => body(api.GET('/api/staff', { params: { query: { q } } })),
  })
  const options = (data?.items ?? []).map((each) => ({
    value: each.id,
    label: `${each.name}  ${pick(each.title)}`,
    name: each.name,
  }))
  return (
    <Select
      id={id}
      className={styles.full}
      placeholder={t('person')}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      loading={isFetching}
      notFoundContent={null}
      allowClear={!field.required}
      value={chosen?.id ? { value: chosen.id, label: chosen.name } : null}
      labelInValue
      options={options}
      onChange={(next: { value: string; label: string } | undefined) => {
        const one = options.find((each) => each.value === next?.value)
        onChange(one ? { id: one.value, name: one.name } : '')
      }}
    />
  )
}

interface Listed {
  id: string
  name: string
  place?: string
}

/** Several people, of the own register and of those that may be asked. */
export function PeopleInput({ id, field, value, onChange }: InputProps) {
  const t = useWords()
  // Forms sent before people were chosen from the register have lines of text.
  const chosen = Array.isArray(value)
    ? (value as (Listed | string)[]).filter((one) => typeof one !== 'string')
    : []
  const [typed, setTyped] = useState('')
  const q = useSettled(typed.trim(), 200)
  const { data, isFetching } = useQuery({
    queryKey: ['staff', 'partners', q],
    queryFn: () => body(api.GET('/api/staff', { params: { query: { q, partners: true } } })),
  })
  const found = data?.items ?? []
  const options = found.map((each) => ({
    value: each.id,
    label: `${each.name}  ${pick(each.title)}  ${each.institution_name}`,
  }))
  const take = (next: { value: string }[]) => {
    setTyped('')
    onChange(
      next.flatMap(({ value: key }): Listed[] => {
        const before = chosen.find((one) => one.id === key)
        const now = found.find((one) => one.id === key)
        if (before) return [before]
        return now ? [{ id: now.id, name: now.name, place: now.institution_name }] : []
      }),
    )
  }
  return (
    <Select
      id={id}
      className={styles.full}
      mode="multiple"
      maxCount={MOST_PEOPLE}
      placeholder={t('people')}
      showSearch={{ filterOption: false, onSearch: setTyped, searchValue: typed }}
      loading={isFetching}
      notFoundContent={null}
      allowClear={!field.required}
      value={chosen.map((one) => ({
        value: one.id,
        label: [one.name, one.place].join(' ').trim(),
      }))}
      labelInValue
      options={options}
      onChange={take}
    />
  )
}

const MOST_PEOPLE = 20
const MOST_LINES = 20

/** One thing a line, in their order. */
export function LinesInput({ id, field, value, onChange }: InputProps) {
  const t = useWords()
  const given = Array.isArray(value) ? (value as string[]) : []
  const lines = given.length ? given : ['']
  return (
    <div className={styles.lines}>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place.
        <div key={at} className={styles.line}>
          <Input
            id={at === 0 ? id : undefined}
            aria-label={t('line', { label: pick(field.label), n: at + 1 })}
            value={line}
            maxLength={field.max_length}
            onChange={(event) =>
              onChange(lines.map((each, other) => (other === at ? event.target.value : each)))
            }
          />
          <Button
            type="text"
            aria-label={t('remove', { n: at + 1 })}
            icon={<DeleteOutlined />}
            disabled={given.length < 2}
            onClick={() => onChange(lines.filter((_, other) => other !== at))}
          />
        </div>
      ))}
      {lines.length < MOST_LINES ? (
        <Button icon={<PlusOutlined />} onClick={() => onChange([...lines, ''])}>
          {t('addLine')}
        </Button>
      ) : null}
    </div>
  )
}
