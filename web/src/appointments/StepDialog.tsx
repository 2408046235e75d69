/** A step that needs a reason, and for another time the time. */
import { useMutation } from '@tanstack/react-query'
import { App, DatePicker, Form, Input, Modal, Radio } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AppointmentOut } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { pick } from '../shared/words'
import { type Because, cancel, decline, miss, reschedule } from './api'
import { momentOf, onPicker } from './moments'
import { useWords } from './words'

export type ReasonedStep = 'cancel' | 'reschedule' | 'miss' | 'decline'

/** What was asked: the step, of which appointment, and where a drag has put it. */
export interface Asked {
  one: AppointmentOut
  step: ReasonedStep
  since?: number
}

const REASONS: Record<ReasonedStep, string> = {
  cancel: 'cancel-appointment',
  reschedule: 'reschedule-appointment',
  miss: 'miss-appointment',
  decline: 'decline-seat',
}

interface Given {
  reason: string
  note?: string
  at?: Dayjs
}

export function StepDialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const t = useWords()
  const { message } = App.useApp()
  const { one, step } = asked
  const narrow = useNarrow()
  const [form] = Form.useForm<Given>()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === REASONS[step])
  const take = useMutation({
    mutationFn: (given: Given) => send(one, step, given),
    onSuccess: () => {
      void message.success(t('done'))
      onClose()
    },
  })
  return (
    <Modal
      open
      title={t(step)}
      okText={t(step)}
      cancelText={t('close')}
      okButtonProps={{ danger: step === 'cancel', loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Given>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ at: onPicker(asked.since ?? Date.parse(one.since)) }}
        onFinish={(given) => take.mutate(given)}
      >
        {step === 'reschedule' ? (
          <Form.Item
            name="at"
            label={t('newTime')}
            extra={t('confirmAgain')}
            rules={[{ required: true }]}
          >
            {narrow ? (
              <OwnPicker />
            ) : (
              <DatePicker
                showTime={{ format: 'HH:mm', minuteStep: 5 }}
                format="YYYY-MM-DD HH:mm"
                allowClear={false}
                needConfirm={false}
              />
            )}
          </Form.Item>
        ) : null}
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, message: t('needReason') }]}
        >
          <Radio.Group
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

interface OwnPickerProps {
  id?: string
  value?: Dayjs
  onChange?: (at: Dayjs) => void
}

/** The telephone's own picker: ours is wider than its screen. */
function OwnPicker({ id, value, onChange }: OwnPickerProps) {
  return (
    <Input
      {...(id === undefined ? {} : { id })}
      type="datetime-local"
      step={300}
      value={value?.format('YYYY-MM-DDTHH:mm') ?? ''}
      onChange={(event) => event.target.value && onChange?.(dayjs(event.target.value))}
    />
  )
}

function send(one: AppointmentOut, step: ReasonedStep, given: Given) {
  const why: Because = { reason: given.reason, note: given.note ?? '' }
  if (step === 'cancel') return cancel(one.id, one.version, why)
  if (step === 'miss') return miss(one.id, one.version, why)
  if (step === 'decline') return decline(one.id, why)
  return reschedule(one.id, one.version, why, momentOf(given.at ?? onPicker(Date.parse(one.since))))
}
