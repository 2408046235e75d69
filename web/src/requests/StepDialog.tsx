/** A step that undoes somebody's work: a coded reason, some words, and where needed a new receiver. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Form, Input, Modal, Radio, Select } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestRow, StepIn } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import {
  destinationsQuery,
  type LeavingStep,
  type Step,
  takeLeavingStep,
  takeStep,
  useCatalogue,
} from './api'
import styles from './StepDialog.module.css'

const { useWords } = defineWords('step', {
  withdraw: ['撤回申请', 'Withdraw the request'],
  return: ['退回补充资料', 'Return for more material'],
  decline: ['婉拒申请', 'Decline the request'],
  redirect: ['转送其他机构', 'Pass on to another institution'],
  release: ['释放回队列', 'Release to the queue'],
  takeover: ['接手此例', 'Take over'],
  withdrawHint: [
    '受邀方会立即看到；撤回后不能恢复，但可另建申请。',
    'The other side sees it at once. It cannot be undone; you may begin a new request.',
  ],
  returnHint: [
    '申请方补齐后会重新进入队列。',
    'It comes back to the queue when they have added it.',
  ],
  declineHint: ['申请方可改投其他机构。', 'They may ask somebody else.'],
  redirectHint: [
    '只能转到双方有协议、且患者同意转送的机构。',
    'Only where an agreement and the consent allow it.',
  ],
  releaseHint: [
    '您写的草稿会保留，别的专家可以领取。',
    'Your draft is kept; another reader may claim it.',
  ],
  takeoverHint: [
    '对方的草稿会保留；对方会立即收到提示。',
    'Their draft is kept; they are told at once.',
  ],
  reason: ['原因', 'Reason'],
  needReason: ['请选择原因', 'Choose a reason'],
  note: ['补充说明', 'A few words'],
  to: ['转送至', 'Pass on to'],
  needTo: ['请选择机构', 'Choose an institution'],
  cancel: ['取消', 'Cancel'],
})

export type DialogStep = Extract<Step, 'withdraw' | 'return' | 'release' | 'takeover'> | LeavingStep

interface Props {
  row: Pick<RequestRow, 'id' | 'service' | 'provider'>
  step: DialogStep | null
  onClose: () => void
  onDone?: (step: DialogStep) => void
}

interface Given {
  reason: string
  note?: string
  provider_id?: string
}

export function StepDialog({ row, step, onClose, onDone }: Props) {
  const t = useWords()
  const [form] = Form.useForm<Given>()
  const take = useMutation({
    mutationFn: async (given: Given) => {
      if (step === null) return
      const body: StepIn = { ...given, note: given.note ?? '' }
      if (step === 'decline' || step === 'redirect') await takeLeavingStep(row.id, step, body)
      else await takeStep(row.id, step, body)
    },
    onSuccess: () => {
      onClose()
      if (step !== null) onDone?.(step)
    },
  })
  return (
    <Modal
      open={step !== null}
      title={step ? t(step) : ''}
      okText={step ? t(step) : ''}
      cancelText={t('cancel')}
      okButtonProps={{ danger: step === 'withdraw' || step === 'decline', loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      afterOpenChange={(open) => {
        if (open) return
        form.resetFields()
        take.reset()
      }}
      destroyOnHidden
    >
      {step ? (
        <StepForm row={row} step={step} form={form} onGiven={(given) => take.mutate(given)} />
      ) : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </Modal>
  )
}

interface FormProps {
  row: Props['row']
  step: DialogStep
  form: ReturnType<typeof Form.useForm<Given>>[0]
  onGiven: (given: Given) => void
}

function StepForm({ row, step, form, onGiven }: FormProps) {
  const t = useWords()
  const reasons = (useCatalogue()?.reasons ?? []).filter(
    (each) =>
      each.step === step && (each.services.length === 0 || each.services.includes(row.service)),
  )
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={onGiven}>
      <p className={styles.hint}>{t(`${step}Hint`)}</p>
      {step === 'redirect' ? <Receiver row={row} /> : null}
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
      <Form.Item name="note" label={t('note')}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={2000} />
      </Form.Item>
    </Form>
  )
}

function Receiver({ row }: { row: Props['row'] }) {
  const t = useWords()
  const { data } = useQuery(destinationsQuery(row.service, row.id))
  return (
    <Form.Item
      name="provider_id"
      label={t('to')}
      rules={[{ required: true, message: t('needTo') }]}
    >
      <Select
        showSearch={{ optionFilterProp: 'label' }}
        options={data?.items
          .filter((each) => each.institution.id !== row.provider?.id)
          .map((each) => ({ value: each.institution.id, label: each.institution.name }))}
      />
    </Form.Item>
  )
}
