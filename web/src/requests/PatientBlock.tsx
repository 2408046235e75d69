/** Who the request is about: known from the study, found in the index, or written by hand. */
import { useQuery } from '@tanstack/react-query'
import { Button, Form, Input, Radio, Select, Space } from 'antd'
import { useState } from 'react'
import { api, body } from '../shared/api'
import { PatientLine } from '../shared/PatientLine'
import page from '../shared/page.module.css'
import type { PatientIn, PatientOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import type { BlockProps } from './FormPage'
import { useWords } from './formWords'
import { patientFacts } from './names'
import styles from './PatientBlock.module.css'

export function PatientBlock({ item, draft, change }: BlockProps) {
  const t = useWords()
  const [byHand, setByHand] = useState(false)
  const known = item.patient && item.patient.id === draft.patientRef ? item.patient : null
  if (draft.patient)
    return <PatientLine name={draft.patient.name} sex={draft.patient.sex ?? 'U'} age="" />
  if (known)
    return (
      <Chosen
        patient={known}
        onChange={() => change((now) => ({ ...now, patientRef: null, studyIds: [] }))}
      />
    )
  if (byHand)
    return (
      <ByHand
        onGiven={(patient) => change((now) => ({ ...now, patient, patientRef: null }))}
        onBack={() => setByHand(false)}
      />
    )
  return (
    <div className={styles.find}>
      <Find onChosen={(id) => change((now) => ({ ...now, patientRef: id }))} />
      <Button onClick={() => setByHand(true)}>{t('byHand')}</Button>
      <p className={`${page.quiet} ${page.small}`}>{t('fromStudy')}</p>
    </div>
  )
}

function Chosen({ patient, onChange }: { patient: PatientOut; onChange: () => void }) {
  const t = useWords()
  const facts = [patientFacts(patient), patient.id_number, patient.phone]
  return (
    <div className={styles.chosen}>
      <PatientLine name={patient.name} sex={patient.sex} age={patient.age} />
      <span className={page.quiet}>{facts.filter(Boolean).join(' · ')}</span>
      <Button size="small" onClick={onChange}>
        {t('change')}
      </Button>
    </div>
  )
}

function Find({ onChosen }: { onChosen: (id: string) => void }) {
  const t = useWords()
  const [typed, setTyped] = useState('')
  const q = useSettled(typed.trim(), 250)
  const { data, isFetching } = useQuery({
    queryKey: ['patients', q],
    enabled: q.length > 0,
    queryFn: () => body(api.GET('/api/patients', { params: { query: { q } } })),
  })
  return (
    <Select
      id="field-patient"
      className={styles.search}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      placeholder={t('findPatient')}
      aria-label={t('findPatient')}
      value={null}
      loading={isFetching}
      notFoundContent={null}
      onChange={(id: string) => onChosen(id)}
      options={(q ? (data?.items ?? []) : []).map((each) => ({
        value: each.id,
        label: (
          <>
            <PatientLine name={each.name} sex={each.sex} age={each.age} /> · {patientFacts(each)}
          </>
        ),
      }))}
    />
  )
}

interface ByHandProps {
  onGiven: (patient: PatientIn) => void
  onBack: () => void
}

function ByHand({ onGiven, onBack }: ByHandProps) {
  const t = useWords()
  return (
    <Form<PatientIn>
      layout="vertical"
      requiredMark={false}
      initialValues={{ sex: 'U' }}
      onFinish={(given) => onGiven(withoutBlanks(given))}
    >
      <div className={styles.fields}>
        <Form.Item
          name="name"
          label={t('name')}
          rules={[{ required: true, message: t('needName') }]}
        >
          <Input autoFocus maxLength={64} />
        </Form.Item>
        <Form.Item name="sex" label={t('sex')}>
          <Radio.Group
            optionType="button"
            options={[
              { value: 'M', label: t('male') },
              { value: 'F', label: t('female') },
              { value: 'U', label: t('unknownSex') },
            ]}
          />
        </Form.Item>
        <Form.Item name="birth_date" label={t('birth')}>
          <Input type="date" />
        </Form.Item>
        <Form.Item name="patient_id" label={t('patientNo')}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="id_number" label={t('idNumber')}>
          <Input maxLength={18} />
        </Form.Item>
        <Form.Item name="phone" label={t('phone')}>
          <Input maxLength={20} />
        </Form.Item>
      </div>
      <Space>
        <Button type="primary" htmlType="submit">
          {t('use')}
        </Button>
        <Button onClick={onBack}>{t('backToFind')}</Button>
      </Space>
    </Form>
  )
}

function withoutBlanks(given: PatientIn): PatientIn {
  const kept = Object.entries(given).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(kept) as PatientIn
}
