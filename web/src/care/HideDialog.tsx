/** Hides a study, one of its series or one image, with a reason, and offers to put it back. */
import { useMutation } from '@tanstack/react-query'
import { App, Button, Form, Input, Modal, Radio, Select } from 'antd'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { StudyDetail } from '../shared/schema'
import { pick } from '../shared/words'
import { Thumbnail } from '../studies/StudyCard'
import { hideImages, type ImageRef, putBack } from './api'
import styles from './care.module.css'
import { say, useWords } from './words'

interface Props {
  study: StudyDetail
  /** The one image to hide; without it one chooses between the study and its series. */
  image?: ImageRef | null
  open: boolean
  onClose: () => void
  onHidden: () => void
}

interface Given {
  series: string
  reason: string
  note?: string
}

export function HideDialog({ study, image, open, onClose, onHidden }: Props) {
  const t = useWords()
  const told = useTellHidden()
  const [form] = Form.useForm<Given>()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === 'hide')
  const hide = useMutation({
    mutationFn: ({ series, reason, note }: Given) =>
      hideImages(study.study.id, {
        level: image ? 'instance' : series ? 'series' : 'study',
        uid: image ? image.uid : series,
        reason,
        note: note ?? '',
      }),
    onSuccess: (removal) => {
      told(removal)
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
        {image ? (
          <p className={styles.chosen}>
            <Thumbnail address={image.thumbnail} /> <strong>{imageWords(image)}</strong>
          </p>
        ) : (
          <Form.Item name="series" label={t('what')}>
            <Select options={choicesOf(study)} />
          </Form.Item>
        )}
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

/** Says that it is done, with a way back. */
function useTellHidden() {
  const t = useWords()
  const { message } = App.useApp()
  return (removal: string) => {
    const undo = async () => {
      message.destroy(removal)
      try {
        await putBack(removal)
        void message.success(t('restored'))
      } catch (error) {
        void message.error({ content: <ProblemNotice error={error} />, duration: 10 })
      }
    }
    void message.success({
      key: removal,
      duration: 10,
      content: (
        <>
          {t('hidden')}{' '}
          <Button type="link" size="small" onClick={() => void undo()}>
            {t('restore')}
          </Button>
        </>
      ),
    })
  }
}

function choicesOf(study: StudyDetail) {
  return [
    { value: '', label: say('wholeStudy') },
    ...study.series.map((each) => ({
      value: each.series_uid,
      label: `${each.modality} ${each.description} · ${each.instance_count}`,
    })),
  ]
}

/** An image by its number, and how many frames it has where that is more than one. */
export function imageWords(image: ImageRef): string {
  const number = say('oneImage', { n: image.number || '—' })
  return image.frames > 1 ? `${number} · ${say('frames', { n: image.frames })}` : number
}
