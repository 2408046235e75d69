/** Weekly hours of somebody: rows of weekdays and hours of the clock, saved all at once. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Checkbox, Form, TimePicker } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { dayOf } from '../roster/days'
import { weekdayWords } from '../roster/words'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { WeeklyIn, WeeklyOut } from '../shared/schema'
import styles from './KeepDrawer.module.css'
import { setHours } from './keeping'
import { useWords } from './words'

interface Row {
  weekdays: number[]
  begins: Dayjs
  ends: Dayjs
  calendar: boolean
  /** What the form does not show: since when, until when, every how many weeks. */
  kept: Pick<WeeklyOut, 'first' | 'last' | 'every'>
}

const DAYS = [0, 1, 2, 3, 4, 5, 6]

export function HoursForm({ id, rows, keeps }: { id: string; rows: WeeklyOut[]; keeps: boolean }) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ rows: Row[] }>()
  const save = useMutation({
    mutationFn: (given: Row[]) => setHours(id, given.map(toServer)),
    onSuccess: () => void message.success(t('done')),
  })
  return (
    <Form
      form={form}
      disabled={!keeps}
      initialValues={{ rows: rows.map(fromServer) }}
      onFinish={() => save.mutate(form.getFieldsValue(true).rows)}
    >
      <h3 className={styles.part}>{t('weekly')}</h3>
      <Form.List name="rows">
        {(fields, { add, remove }) => (
          <>
            {fields.length === 0 ? <p>{t('noHours')}</p> : null}
            {fields.map((field) => (
              <div key={field.key} className={styles.row}>
                <Form.Item
                  name={[field.name, 'weekdays']}
                  // Not `required`: it marks the group with an attribute that groups do not have.
                  rules={[{ type: 'array', min: 1, message: t('needDays') }]}
                  noStyle
                >
                  <Checkbox.Group
                    options={DAYS.map((value) => ({ value, label: weekdayWords(value) }))}
                  />
                </Form.Item>
                {(['begins', 'ends'] as const).map((name) => (
                  <Form.Item key={name} name={[field.name, name]} noStyle>
                    <TimePicker
                      aria-label={t(name)}
                      format="HH:mm"
                      minuteStep={5}
                      allowClear={false}
                      needConfirm={false}
                    />
                  </Form.Item>
                ))}
                <Form.Item name={[field.name, 'calendar']} valuePropName="checked" noStyle>
                  <Checkbox>{t('byCalendar')}</Checkbox>
                </Form.Item>
                {keeps ? (
                  <Button
                    type="text"
                    aria-label={t('removeRow')}
                    icon={<DeleteOutlined />}
                    onClick={() => remove(field.name)}
                  />
                ) : (
                  <span />
                )}
              </div>
            ))}
            {keeps ? (
              <div className={styles.deeds}>
                <Button icon={<PlusOutlined />} onClick={() => add(fresh())}>
                  {t('addRow')}
                </Button>
                <Button type="primary" htmlType="submit" loading={save.isPending}>
                  {t('saveHours')}
                </Button>
              </div>
            ) : null}
          </>
        )}
      </Form.List>
      {save.error ? <ProblemNotice error={save.error} /> : null}
    </Form>
  )
}

function fresh(): Row {
  const kept = { first: dayOf(serverNow()), last: null, every: 1 }
  return {
    weekdays: [0, 1, 2, 3, 4],
    begins: clock('08:00'),
    ends: clock('12:00'),
    calendar: true,
    kept,
  }
}

function clock(text: string): Dayjs {
  // The end of a day is midnight on the picker.
  return dayjs(`2026-01-01T${text === '24:00' ? '00:00' : text}:00`)
}

function fromServer({ weekdays, begins, ends, calendar, first, last, every }: WeeklyOut): Row {
  const kept = { first, last, every }
  return { weekdays, begins: clock(begins), ends: clock(ends), calendar, kept }
}

function toServer({ weekdays, begins, ends, calendar, kept }: Row): WeeklyIn {
  return { weekdays, begins: begins.format('HH:mm'), ends: ends.format('HH:mm'), calendar, ...kept }
}
