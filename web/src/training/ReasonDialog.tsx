/** A step that needs a reason: return or cancel a course, cancel a lecture. */
import { useMutation } from '@tanstack/react-query'
import { Form, Input, Modal, Radio } from 'antd'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { pick } from '../shared/words'
import type { Because } from './api'
import styles from './training.module.css'
import { useWords } from './words'

interface Props {
  step: 'return-course' | 'cancel-course' | 'cancel-lecture'
  title: string
  send: (why: Because) => Promise<unknown>
  onClose: () => void
}

export function ReasonDialog({ step, title, send, onClose }: Props) {
  const t = useWords()
  const [form] = Form.useForm<Because>()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === step)
  const take = useMutation({
    mutationFn: (given: Because) => send({ reason: given.reason, note: given.note ?? '' }),
    onSuccess: onClose,
  })
  return (
    <Modal
      open
      title={title}
      okText={title}
      cancelText={t('close')}
      okButtonProps={{ danger: step !== 'return-course', loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Because>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => take.mutate(given)}
      >
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, message: t('needReason') }]}
        >
          <Radio.Group
            className={styles.choices}
            options={reasons.map((each) => ({ value: each.code, label: pick(each.label) }))}
          />
        </Form.Item>
        <Form.Item name="note" label={t('note')}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 5 }} maxLength={500} />
        </Form.Item>
      </Form>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </Modal>
  )
}

/** A reason as it is read: the code's words and what was written beside it. */
export function useReasonWords(step: Props['step']): (reason: unknown) => string {
  const known = useCatalogue()?.reasons ?? []
  return (reason) => {
    const { code, note } = (reason ?? {}) as { code?: string; note?: string }
    const label = known.find((each) => each.step === step && each.code === code)?.label
    return [label ? pick(label) : code, note].filter(Boolean).join('：')
  }
}
