/** Puts a study under legal hold, or lifts the hold, each with its reason. */
import { useMutation } from '@tanstack/react-query'
import { App, Form, Input, Modal } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { endHold, placeHold } from './api'
import { useHoldWords } from './holdWords'
import { tomorrow } from './keeping'

interface Props {
  studyId: string
  open: boolean
  onClose: () => void
}

interface Given {
  reason: string
  askedBy: string
  until?: string
}

export function HoldDialog({ studyId, open, onClose }: Props) {
  const t = useHoldWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const hold = useMutation({
    mutationFn: ({ reason, askedBy, until }: Given) =>
      placeHold(studyId, {
        reason,
        asked_by: askedBy,
        until: until || null,
      }),
    onSuccess: () => {
      void message.success(t('held'))
      onClose()
    },
  })
  return (
    <Modal
      open={open}
      title={t('holdTitle')}
      okText={t('doHold')}
      cancelText={t('cancel')}
      okButtonProps={{ loading: hold.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      afterOpenChange={(shown) => shown && form.focusField('reason')}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => hold.mutate(given)}
      >
        <p className={page.quiet}>{t('holdTeach')}</p>
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, whitespace: true, message: t('needReason') }]}
        >
          <Input.TextArea
            autoSize={{ minRows: 2, maxRows: 4 }}
            maxLength={200}
            placeholder={t('reasonHint')}
          />
        </Form.Item>
        <Form.Item
          name="askedBy"
          label={t('askedBy')}
          rules={[{ required: true, whitespace: true, message: t('needAsker') }]}
        >
          <Input maxLength={200} placeholder={t('askedByHint')} />
        </Form.Item>
        <Form.Item name="until" label={t('until')} extra={t('untilHint')}>
          <Input type="date" min={tomorrow()} />
        </Form.Item>
      </Form>
      {hold.error ? <ProblemNotice error={hold.error} /> : null}
    </Modal>
  )
}

export function LiftDialog({ studyId, open, onClose }: Props) {
  const t = useHoldWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ reason: string }>()
  const lift = useMutation({
    mutationFn: ({ reason }: { reason: string }) => endHold(studyId, reason),
    onSuccess: () => {
      void message.success(t('lifted'))
      onClose()
    },
  })
  return (
    <Modal
      open={open}
      title={t('liftTitle')}
      okText={t('doLift')}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true, loading: lift.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      afterOpenChange={(shown) => shown && form.focusField('reason')}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => lift.mutate(given)}
      >
        <p className={page.quiet}>{t('liftTeach')}</p>
        <Form.Item
          name="reason"
          label={t('liftReason')}
          rules={[{ required: true, whitespace: true, message: t('needReason') }]}
        >
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 4 }} maxLength={200} />
        </Form.Item>
      </Form>
      {lift.error ? <ProblemNotice error={lift.error} /> : null}
    </Modal>
  )
}
