/** An institution and a person of the register, found by name. */
import { useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useState } from 'react'
import { institutionQuery, institutionsQuery } from '../network/api'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { useWords } from './words'

interface PickerProps {
  id?: string
  value?: string
  onChange?: (value: string | undefined) => void
}

const OFFERED = 20

export function InstitutionPicker(props: PickerProps) {
  const t = useWords()
  const [q, setQ] = useState('')
  const asked = { q: useSettled(q.trim(), 250), city: '', level: '', connected: null }
  const { data, isFetching } = useQuery(institutionsQuery(asked, 0, OFFERED))
  return (
    <Select
      id={props.id}
      value={props.value}
      onChange={props.onChange}
      allowClear
      showSearch={{ filterOption: false, onSearch: setQ }}
      loading={isFetching}
      placeholder={t('institutionFind')}
      options={data?.items.map((each) => ({ value: each.id, label: `${each.name} ${each.id}` }))}
    />
  )
}

export function PersonPicker({ institution, ...props }: PickerProps & { institution?: string }) {
  const { data } = useQuery({
    ...institutionQuery(institution ?? ''),
    enabled: institution !== undefined,
  })
  return (
    <Select
      id={props.id}
      value={props.value}
      onChange={props.onChange}
      allowClear
      disabled={institution === undefined}
      showSearch={{ optionFilterProp: 'label' }}
      options={data?.people.map((each) => ({
        value: each.id,
        label: `${each.name} ${pick(each.title)} ${each.department}`,
      }))}
    />
  )
}
