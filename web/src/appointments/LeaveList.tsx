/** Leave and extra hours that are still to come, and one more. */
import { useMutation } from '@tanstack/react-query'
import { Alert, App, Button, DatePicker, Form, Segmented, Select } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ExceptionOut } from '../shared/schema'
import type { Choice } from './KeepDrawer'
import styles from './KeepDrawer.module.css'
import { addException, cancelException } from './keeping'
import { momentOf } from './moments'
import { useWords } from './words'

interface Given {
  kind: 'away' | 'extra'
  span: [Dayjs, Dayjs]
  cover_id?: string
}

interface Props {
  id: string
  rows: ExceptionOut[]
  people: Choice[]
}

export function LeaveList({ id, rows, people }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const [met, setMet] = useState({ meets: 0, lectures: 0 })
  const kind = Form.useWatch('kind', form) ?? 'away'
  const names = new Map(people.map((each) => [each.value, each.label]))
  const add = useMutation({
    mutationFn: ({ span, ...given }: Given) =>
      addException(id, {
        kind: given.kind,
        since: momentOf(span[0]),
        until: momentOf(span[1]),
        cover_id: (given.kind === 'away' && given.cover_id) || null,
      }),
    onSuccess: (made) => {
      void message.success(t('done'))
      setMet({ meets: made.meets.length, lectures: made.lectures.length })
      form.resetFields()
    },
  })
  const gone = useMutation({ mutationFn: cancelException })
  return (
    <>
      <h3 className={styles.part}>{t('exceptions')}</h3>
      <ul className={styles.list}>
        {rows.map((row) => (
          <li key={row.id} className={styles.row}>
            <span>
              {t(row.kind)} {words(row.since)} – {words(row.until)}
              {row.cover_id
                ? ` ${t('coveredBy', { person: names.get(row.cover_id) ?? row.cover_id })}`
                : ''}
            </span>
            <Button size="small" loading={gone.isPending} onClick={() => gone.mutate(row.id)}>
              {t('takeBack')}
            </Button>
          </li>
        ))}
      </ul>
      {(['meets', 'lectures'] as const)
        .filter((what) => met[what] > 0)
        .map((what) => (
          <Alert
            key={what}
            className={styles.met}
            type="warning"
            showIcon
            title={t(what, { n: met[what] })}
          />
        ))}
      <Form<Given>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: 'away' }}
        onFinish={(given) => add.mutate(given)}
      >
        <Form.Item name="kind" label={t('newException')}>
          <Segmented
            options={(['away', 'extra'] as const).map((value) => ({ value, label: t(value) }))}
          />
        </Form.Item>
        <Form.Item
          name="span"
          label={t('when')}
          rules={[{ required: true, message: t('needSpan') }]}
        >
          <DatePicker.RangePicker
            showTime={{ format: 'HH:mm', minuteStep: 5 }}
            format="YYYY-MM-DD HH:mm"
          />
        </Form.Item>
        {kind === 'away' && people.length > 1 ? (
          <Form.Item name="cover_id" label={t('cover')}>
            <Select
              allowClear
              showSearch={{ optionFilterProp: 'label' }}
              options={people.filter((each) => each.value !== id)}
            />
          </Form.Item>
        ) : null}
        <Button htmlType="submit" loading={add.isPending}>
          {t('enter')}
        </Button>
      </Form>
      {add.error ? <ProblemNotice error={add.error} /> : null}
      {gone.error ? <ProblemNotice error={gone.error} /> : null}
    </>
  )
}

function words(text: string): string {
  const at = Date.parse(text)
  return `${dateWords(dayOf(at))} ${clockOf(at)}`
}
