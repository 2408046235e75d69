/** Hides a study or one of its series, with a reason. */
import { useMutation } from '@tanstack/react-query'
import { App, Form, Input, Modal, Radio, Select } from 'antd'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { StudyDetail } from '../shared/schema'
import { pick } from '../shared/words'
import { hideImages } from './api'
import styles from './care.module.css'
import { useWords } from './words'

interface Props {
  study: StudyDetail
  open: boolean
  onClose: () => void
  onHidden: () => void
}

interface Given {
  series: string
  reason: string
  note?: string
}

export function HideDialog({ study, open, onClose, onHidden }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === 'hide')
  const hide = useMutation({
    mutationFn: ({ series, reason, note }: Given) =>
      hideImages(study.study.id, {
        level: series ? 'series' : 'study',
        uid: series,
        reason,
        note: note ?? '',
      }),
    onSuccess: () => {
      void message.success(t('hidden'))
      onHidden()
    },
  })
  return (
    <Modal
      open={open}
      title={t('hideTitle')}
      okText={t('hide')}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true, loading: hide.isPending }}
      onOk={form.submit}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ series: '' }}
        onFinish={(given) => hide.mutate(given)}
      >
        <p className={page.quiet}>{t('hideTeach')}</p>
        <Form.Item name="series" label={t('what')}>
          <Select
            options={[
              { value: '', label: t('wholeStudy') },
              ...study.series.map((each) => ({
                value: each.series_uid,
                label: `${each.modality} ${each.description} · ${each.instance_count}`,
              })),
            ]}
          />
        </Form.Item>
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
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
      </Form>
      {hide.error ? <ProblemNotice error={hide.error} /> : null}
    </Modal>
  )
}
