/** Agreeing, or not with a reason. */
import { useMutation } from '@tanstack/react-query'
import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'
import { Reasons } from '../opinions/NoLongerDialog'
import styles from '../opinions/OpinionsBlock.module.css'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ApprovalOut } from '../shared/schema'
import { approve, reject } from './api'
import { useWords } from './words'

export function Decide({ one }: { one: ApprovalOut }) {
  const t = useWords()
  const [refusing, setRefusing] = useState(false)
  const agree = useMutation({ mutationFn: () => approve(one, '') })
  return (
    <div className={styles.steps}>
      <Button type="primary" loading={agree.isPending} onClick={() => agree.mutate()}>
        {t('approve')}
      </Button>
      <Button onClick={() => setRefusing(true)}>{t('reject')}</Button>
      {agree.error ? <ProblemNotice error={agree.error} kept="" /> : null}
      {refusing ? <Refuse one={one} onClose={() => setRefusing(false)} /> : null}
    </div>
  )
}

function Refuse({ one, onClose }: { one: ApprovalOut; onClose: () => void }) {
  const t = useWords()
  const [form] = Form.useForm<{ reason: string; note?: string }>()
  const take = useMutation({
    mutationFn: (given: { reason: string; note?: string }) =>
      reject(one, given.reason, given.note ?? ''),
    onSuccess: onClose,
  })
  return (
    <Modal
      open
      title={t('reject')}
      okText={t('reject')}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true, loading: take.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <p className={styles.hint}>{t(one.owed ? 'rejectOwedHint' : 'rejectHint')}</p>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => take.mutate(given)}
      >
        <Reasons step="reject-approval" />
        <Form.Item name="note" label={t('note')}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
      </Form>
      {take.error ? <ProblemNotice error={take.error} /> : null}
    </Modal>
  )
}
