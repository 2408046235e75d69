/** The requesting side's answer to a report: read, and adopted, partly or not. */
import { Button, Form, Input, Radio } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import { defineWords } from '../shared/words'
import { useConfirm } from './api'
import styles from './ConfirmPanel.module.css'

const { useWords } = defineWords('confirm', {
  title: ['已阅读报告，我方决定', 'I have read the report; we'],
  adopted: ['采纳', 'adopt it'],
  partly: ['部分采纳', 'adopt it partly'],
  not_adopted: ['未采纳', 'do not adopt it'],
  diagnosis: ['最终诊断', 'Final diagnosis'],
  note: ['说明', 'Remark'],
  confirm: ['确认已阅', 'Confirm'],
  need: ['请选择是否采纳', 'Choose one'],
})

interface Given {
  adoption: 'adopted' | 'partly' | 'not_adopted'
  final_diagnosis?: string
  note?: string
}

export function ConfirmPanel({ id }: { id: string }) {
  const t = useWords()
  const confirm = useConfirm(id)
  const give = (given: Given) =>
    confirm.mutate({
      adoption: given.adoption,
      final_diagnosis: given.final_diagnosis ?? '',
      note: given.note ?? '',
    })
  return (
    <Form<Given> className={styles.panel} layout="vertical" requiredMark={false} onFinish={give}>
      <Form.Item
        name="adoption"
        label={t('title')}
        rules={[{ required: true, message: t('need') }]}
      >
        <Radio.Group
          optionType="button"
          options={(['adopted', 'partly', 'not_adopted'] as const).map((value) => ({
            value,
            label: t(value),
          }))}
        />
      </Form.Item>
      <div className={styles.more}>
        <Form.Item name="final_diagnosis" label={t('diagnosis')}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="note" label={t('note')}>
          <Input maxLength={2000} />
        </Form.Item>
      </div>
      {confirm.error ? <ProblemNotice error={confirm.error} /> : null}
      <Button type="primary" htmlType="submit" loading={confirm.isPending}>
        {t('confirm')}
      </Button>
    </Form>
  )
}
