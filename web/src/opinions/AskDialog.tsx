/** Asking an expert: of which institution, who, as what, until when; or somebody in their place. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, DatePicker, Form, Input, Modal, Radio, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { momentOf, onPicker } from '../appointments/moments'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { OpinionOut, RequestOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { ask, askableQuery, replace } from './api'
import { Reasons } from './NoLongerDialog'
import { useWords } from './words'

interface Filled {
  institution?: string
  person_id: string
  role: 'expert' | 'chair'
  due?: Dayjs | null
  question?: string
  reason?: string
  note?: string
}

interface Props {
  item: RequestOut
  /** In whose place. */
  instead?: OpinionOut
  onClose: () => void
}

export function AskDialog({ item, instead, onClose }: Props) {
  const t = useWords()
  const [form] = Form.useForm<Filled>()
  const still = instead?.state === 'asked' || instead?.state === 'accepted'
  const take = useMutation({
    mutationFn: (given: Filled) =>
      instead
        ? replace(instead.id, {
            person_id: given.person_id,
            note: given.note ?? '',
            ...(given.reason ? { reason: given.reason } : {}),
          })
        : ask(item.id, {
            person_id: given.person_id,
            role: given.role,
            question: given.question ?? '',
            ...(given.due ? { due_at: momentOf(given.due) } : {}),
          }),
    onSuccess: onClose,
  })
  return (
    <Modal
      open
      title={instead ? `${t('replace')}：${instead.person.name}` : t('ask')}
      okText={instead ? t('replace') : t('ask')}
      cancelText={t('cancel')}
      okButtonProps={{ loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Filled>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ role: instead?.role ?? 'expert' }}
        onFinish={(given) => take.mutate(given)}
      >
        <Whom item={item} />
        {instead ? (
          still ? (
            <>
              <Reasons step="withdraw-opinion" />
              <Form.Item name="note" label={t('note')}>
                <Input maxLength={500} />
              </Form.Item>
            </>
          ) : null
        ) : (
          <How />
        )}
      </Form>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </Modal>
  )
}

/** The institution, then its people as one types. */
function Whom({ item }: { item: RequestOut }) {
  const t = useWords()
  const form = Form.useFormInstance<Filled>()
  const chosen = Form.useWatch('institution', form)
  const [typed, setTyped] = useState('')
  const q = useSettled(typed.trim(), 200)
  const places = useQuery(askableQuery(item.id, undefined, '')).data
  const institution = chosen ?? places?.institutions[0]?.id
  const found = useQuery({ ...askableQuery(item.id, institution, q), enabled: !!institution })
  const people = found.data?.people ?? []
  return (
    <>
      {places && !places.onward ? <Alert type="info" showIcon title={t('onlyOwn')} /> : null}
      <Form.Item label={t('institution')} htmlFor="ask-institution">
        <Select
          id="ask-institution"
          value={institution}
          showSearch={{ optionFilterProp: 'label' }}
          onChange={(value) =>
            form.setFieldsValue({ institution: value, person_id: undefined } as never)
          }
          options={(places?.institutions ?? []).map((each) => ({
            value: each.id,
            label: each.own ? t('ownInstitution', { name: each.name }) : each.name,
          }))}
        />
      </Form.Item>
      <Form.Item name="institution" hidden>
        <Input />
      </Form.Item>
      <Form.Item
        name="person_id"
        label={t('person')}
        rules={[{ required: true, message: t('needPerson') }]}
      >
        <Select
          showSearch={{ filterOption: false, onSearch: setTyped }}
          placeholder={t('personHint')}
          loading={found.isFetching}
          notFoundContent={t('nobody')}
          options={people.map((each) => ({
            value: each.id,
            disabled: each.why_not !== null,
            label: [
              `${each.name}（${pick(each.title)}）`,
              each.department,
              each.why_not ? pick(each.why_not) : '',
            ]
              .filter(Boolean)
              .join(' · '),
          }))}
        />
      </Form.Item>
    </>
  )
}

function How() {
  const t = useWords()
  const now = serverNow()
  return (
    <>
      <Form.Item name="role" label={t('role')}>
        <Radio.Group
          options={(['expert', 'chair'] as const).map((value) => ({ value, label: t(value) }))}
        />
      </Form.Item>
      <Form.Item name="due" label={t('dueAt')} extra={t('dueHint')}>
        <DatePicker
          showTime={{ format: 'HH:mm' }}
          format="YYYY-MM-DD HH:mm"
          minDate={dayjs(onPicker(now))}
          maxDate={dayjs(onPicker(now)).add(29, 'day')}
        />
      </Form.Item>
      <Form.Item name="question" label={t('askFor')}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 5 }} maxLength={1000} />
      </Form.Item>
    </>
  )
}
