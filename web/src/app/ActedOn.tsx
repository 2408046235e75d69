/** What the county did about a critical finding, and when: the last link of its chain. */
import { Button, DatePicker, Form, Input, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useActOn, useCatalogue } from '../requests/api'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { CriticalNoticeOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import styles from './CriticalDialog.module.css'

const { useWords } = defineWords('actedOn', {
  what: ['处置措施', 'What was done'],
  when: ['处置时间', 'When'],
  note: ['说明', 'Details'],
  enter: ['登记处置', 'Enter'],
  needWhat: ['请选择处置措施', 'Choose what was done'],
  needWhen: ['请填写处置时间', 'Say when'],
})

interface Filled {
  code: string
  at: Dayjs
  note?: string
}

/** The server's clock is known to within two seconds. */
const GRAIN = 3000

/**
 * A chosen minute is a span: what was done in the minute of the notice was done after it, what is
 * done now is not in the future.
 */
function within(notice: CriticalNoticeOut, at: number): string {
  const latest = Math.min(at, serverNow() - GRAIN)
  return new Date(Math.max(latest, Date.parse(notice.raised_at))).toISOString()
}

export function ActedOn({ item, notice }: { item: RequestOut; notice: CriticalNoticeOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const act = useActOn()
  return (
    <Form<Filled>
      layout="vertical"
      requiredMark={false}
      initialValues={{ at: dayjs(serverNow()) }}
      onFinish={({ code, at, note }) =>
        act.mutate({
          id: item.id,
          notice: notice.id,
          code,
          note: note ?? '',
          at: within(notice, at.valueOf()),
        })
      }
    >
      <div className={styles.acted}>
        <Form.Item
          name="code"
          label={t('what')}
          rules={[{ required: true, message: t('needWhat') }]}
        >
          <Select
            options={catalogue?.critical_actions.map((each) => ({
              value: each.code,
              label: pick(each.label),
            }))}
          />
        </Form.Item>
        <Form.Item name="at" label={t('when')} rules={[{ required: true, message: t('needWhen') }]}>
          <DatePicker
            showTime={{ format: 'HH:mm' }}
            format="YYYY-MM-DD HH:mm"
            minDate={dayjs(notice.raised_at)}
            maxDate={dayjs(serverNow())}
          />
        </Form.Item>
      </div>
      <Form.Item name="note" label={t('note')}>
        <Input.TextArea autoSize={{ minRows: 1, maxRows: 4 }} maxLength={1000} />
      </Form.Item>
      {act.error ? (
        <Form.Item>
          <ProblemNotice error={act.error} />
        </Form.Item>
      ) : null}
      <Button type="primary" htmlType="submit" loading={act.isPending}>
        {t('enter')}
      </Button>
    </Form>
  )
}
