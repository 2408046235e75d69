/** A signature: who you are once more, then the words are fixed. */
import { useMutation } from '@tanstack/react-query'
import { Form, Input, Modal } from 'antd'
import { WithoutExperts } from '../opinions/WithoutExperts'
import { useMe } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { RequestOut } from '../shared/schema'
import { type Signing, signReport } from './api'
import { useWords } from './editorWords'
import styles from './SignDialog.module.css'

interface Props {
  open: boolean
  how: Signing
  item: RequestOut
  /** Saves what is still unsaved; a signature over anything else is refused. */
  before: () => Promise<void>
  revision: () => number
  onClose: () => void
  onSigned: () => void
}

export function SignDialog({ open, how, item, before, revision, onClose, onSigned }: Props) {
  const t = useWords()
  const me = useMe()
  const sign = useMutation({
    mutationFn: async ({ password, without }: { password: string; without?: string }) => {
      await before()
      return signReport(item.id, how, revision(), password, without ?? '')
    },
    onSuccess: () => {
      onClose()
      onSigned()
    },
  })
  const word = how === 'verify' ? 'verify' : item.four_eyes ? 'signFirst' : 'sign'
  return (
    <Modal
      open={open}
      title={t(word)}
      okText={t(word)}
      cancelText={t('cancel')}
      // A submit button of the form itself, so that Enter in the password signs.
      okButtonProps={{ loading: sign.isPending, htmlType: 'submit', form: 'signature' }}
      onCancel={onClose}
      width={420}
      destroyOnHidden
      afterOpenChange={(shown) => {
        if (!shown) sign.reset()
      }}
    >
      <p className={styles.who}>
        {item.patient_name} · {item.number}
      </p>
      <Form
        id="signature"
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => sign.mutate(given)}
      >
        <input type="text" autoComplete="username" value={me.username} readOnly hidden />
        <Form.Item
          name="password"
          label={t('password')}
          extra={t('passwordHint')}
          rules={[{ required: true, message: t('needPassword') }]}
        >
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
        {open && how === 'sign' ? <WithoutExperts id={item.id} /> : null}
      </Form>
      {sign.error ? <ProblemNotice error={sign.error} /> : null}
    </Modal>
  )
}
