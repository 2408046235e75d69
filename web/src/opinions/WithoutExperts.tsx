/** Signing while experts are still to answer: who they are, and why it is not waited for them. */
import { useQuery } from '@tanstack/react-query'
import { Alert, Form, Input } from 'antd'
import { caseOpinionsQuery } from './api'
import { useWords } from './words'

export function WithoutExperts({ id }: { id: string }) {
  const t = useWords()
  const open = (useQuery(caseOpinionsQuery(id)).data?.items ?? []).filter(
    (one) => one.role !== 'chair' && (one.state === 'asked' || one.state === 'accepted'),
  )
  if (open.length === 0) return null
  return (
    <>
      <Alert
        type="warning"
        showIcon
        title={t('withoutTitle')}
        description={open.map((one) => one.person.name).join('、')}
      />
      <Form.Item
        name="without"
        label={t('without')}
        rules={[{ required: true, whitespace: true, message: t('needWithout') }]}
      >
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 4 }} maxLength={500} />
      </Form.Item>
    </>
  )
}
