/** Declining, or asking somebody no longer: a coded reason and some words. */
import { useMutation } from '@tanstack/react-query'
import { Form, Input, Modal, Radio } from 'antd'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { OpinionOut } from '../shared/schema'
import { pick } from '../shared/words'
import { decline, withdraw } from './api'
import styles from './OpinionsBlock.module.css'
import { useWords } from './words'

interface Props {
  one: OpinionOut
  step: 'decline' | 'withdraw'
  onClose: () => void
}

export function NoLongerDialog({ one, step, onClose }: Props) {
  const t = useWords()
  const [form] = Form.useForm<{ reason: string; note?: string }>()
  const take = useMutation({
    mutationFn: async (given: { reason: string; note?: string }) => {
      const why = { reason: given.reason, note: given.note ?? '' }
      if (step === 'decline') await decline(one.id, why)
      else await withdraw(one.id, why)
    },
    onSuccess: onClose,
  })
  return (
    <Modal
      open
      title={t(step)}
      okText={t(step)}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true, loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => take.mutate(given)}
      >
        <Reasons step={`${step}-opinion`} />
        <Form.Item name="note" label={t('note')}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
      </Form>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </Modal>
  )
}

/** The coded reasons of a step, as a field of a form. */
export function Reasons({ step }: { step: string }) {
  const t = useWords()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === step)
  return (
    <Form.Item
      name="reason"
      label={t('reason')}
      rules={[{ required: true, message: t('needReason') }]}
    >
      <Radio.Group
        className={styles.reasons}
        options={reasons.map((each) => ({ value: each.code, label: pick(each.label) }))}
      />
    </Form.Item>
  )
}
