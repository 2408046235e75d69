/** The requesting side's answer to a report: read, and adopted, partly or not. */
import { Button, Form, Input, Radio, Select } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import { defineWords, pick } from '../shared/words'
import { useCatalogue, useConfirm } from './api'
import styles from './ConfirmPanel.module.css'
import { DiagnosisInput } from './pickers'

const { useWords } = defineWords('confirm', {
  title: ['已阅读报告，我方决定', 'I have read the report; we'],
  adopted: ['采纳', 'adopt it'],
  partly: ['部分采纳', 'adopt it partly'],
  not_adopted: ['未采纳', 'do not adopt it'],
  diagnosis: ['最终诊断', 'Final diagnosis'],
  note: ['说明', 'Remark'],
  confirm: ['确认已阅', 'Confirm'],
  need: ['请选择是否采纳', 'Choose one'],
  why: ['未采纳的原因', 'Why it is not adopted'],
  needWhy: ['请选择原因', 'Choose a reason'],
})

interface Given {
  adoption: 'adopted' | 'partly' | 'not_adopted'
  diagnosis?: { code: string; name: string }[]
  reason?: string
  note?: string
}

export function ConfirmPanel({ id }: { id: string }) {
  const t = useWords()
  const confirm = useConfirm(id)
  const catalogue = useCatalogue()
  const [form] = Form.useForm<Given>()
  const refused = Form.useWatch('adoption', form) === 'not_adopted'
  const give = (given: Given) =>
    confirm.mutate({
      adoption: given.adoption,
      final_diagnosis: given.diagnosis?.at(-1)?.name ?? '',
      final_diagnosis_code: given.diagnosis?.at(-1)?.code ?? '',
      reason: given.reason ?? null,
      note: given.note ?? '',
    })
  return (
    <Form<Given>
      form={form}
      className={styles.panel}
      layout="vertical"
      requiredMark={false}
      onFinish={give}
    >
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
        {refused ? (
          <Form.Item
            name="reason"
            label={t('why')}
            rules={[{ required: true, message: t('needWhy') }]}
          >
            <Select
              options={(catalogue?.reasons ?? [])
                .filter((reason) => reason.step === 'not-adopted')
                .map((reason) => ({ value: reason.code, label: pick(reason.label) }))}
            />
          </Form.Item>
        ) : null}
        <Form.Item
          name="diagnosis"
          label={t('diagnosis')}
          htmlFor="final-diagnosis"
          // One final diagnosis: the last that was chosen.
          getValueFromEvent={(next: { code: string; name: string }[]) => next.slice(-1)}
        >
          <FinalDiagnosis />
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

/** What the form hands on: its value and its change, which a field of the form's own has not. */
function FinalDiagnosis(given: { value?: unknown; onChange?: (next: unknown) => void }) {
  return (
    <DiagnosisInput
      id="final-diagnosis"
      value={given.value}
      onChange={(next) => given.onChange?.(next)}
    />
  )
}
