/** Where one can be reached, by what, and when not. */
import { useQuery } from '@tanstack/react-query'
import { App, Button, Checkbox, DatePicker, Form, Input, Space, TimePicker } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { ProblemNotice } from '../shared/ProblemNotice'
import { language } from '../shared/words'
import { type Preferences, preferencesQuery, useSavePreferences, useSubscribe } from './api'
import styles from './notices.module.css'
import { useWords } from './words'

const WAYS = ['push', 'email', 'sms', 'wecom'] as const
type Way = (typeof WAYS)[number]

interface Filled {
  email: string
  phone: string
  wecom: string
  urgent: Way[]
  routine: Way[]
  quiet: [Dayjs, Dayjs] | null
  onCall: Dayjs | null
}

export function PreferencesForm() {
  const t = useWords()
  const { message } = App.useApp()
  const { data } = useQuery(preferencesQuery)
  const save = useSavePreferences()
  const subscribe = useSubscribe()
  if (data === undefined) return null
  // A way that this deployment lacks is no choice; what was chosen before stays chosen.
  const options = WAYS.filter((way) => data.ways.includes(way)).map((way) => ({
    value: way,
    label: t(way),
  }))
  const first: Filled = {
    email: data.email,
    phone: data.phone,
    wecom: data.wecom,
    urgent: (data.channels.urgent as Way[] | undefined) ?? [...WAYS],
    routine: (data.channels.routine as Way[] | undefined) ?? ['push', 'email'],
    quiet:
      data.quiet_from === null || data.quiet_until === null
        ? null
        : [clockOf(data.quiet_from), clockOf(data.quiet_until)],
    onCall: data.on_call_until === null ? null : dayjs(data.on_call_until),
  }
  return (
    <Form<Filled>
      layout="vertical"
      requiredMark={false}
      initialValues={first}
      onFinish={(filled) =>
        save.mutate(told(filled), { onSuccess: () => void message.success(t('saved')) })
      }
    >
      <p className={styles.always}>
        {t('always')}
        {data.ways.length === 0 ? t('noWays') : null}
      </p>
      <Form.Item name="phone" label={t('phone')} rules={[{ pattern: /^(\+?[0-9]{5,19})?$/ }]}>
        <Input inputMode="tel" maxLength={20} autoComplete="tel" />
      </Form.Item>
      <Form.Item name="wecom" label={t('wecom')} rules={[{ pattern: /^[A-Za-z0-9._@-]*$/ }]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="email" label={t('email')}>
        <Input maxLength={254} autoComplete="email" />
      </Form.Item>
      <Form.Item name="urgent" label={t('urgent')} hidden={options.length === 0}>
        <Checkbox.Group options={options} />
      </Form.Item>
      <Form.Item name="routine" label={t('routine')} hidden={options.length === 0}>
        <Checkbox.Group options={options} />
      </Form.Item>
      <Form.Item name="quiet" label={t('quiet')}>
        <TimePicker.RangePicker format="HH:mm" order={false} minuteStep={15} />
      </Form.Item>
      <Form.Item name="onCall" label={t('onCall')}>
        <DatePicker showTime={{ format: 'HH:mm' }} format="MM-DD HH:mm" />
      </Form.Item>
      {save.error ? <ProblemNotice error={save.error} /> : null}
      <Space wrap>
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {t('save')}
        </Button>
        {data.push_key === '' ? null : (
          <Button
            loading={subscribe.isPending}
            onClick={() =>
              subscribe.mutate(data.push_key, {
                onSuccess: () => void message.success(t('pushDone')),
                onError: () => void message.warning(t('pushRefused')),
              })
            }
          >
            {t('pushOn')}
          </Button>
        )}
      </Space>
    </Form>
  )
}

function clockOf(minute: number): Dayjs {
  return dayjs().startOf('day').add(minute, 'minute')
}

function minuteOf(at: Dayjs): number {
  return at.hour() * 60 + at.minute()
}

function told(filled: Filled): Preferences {
  const [from, until] = filled.quiet ?? []
  return {
    email: filled.email.trim(),
    phone: filled.phone.trim(),
    wecom: filled.wecom.trim(),
    channels: { urgent: filled.urgent, routine: filled.routine },
    quiet_from: from === undefined ? null : minuteOf(from),
    quiet_until: until === undefined ? null : minuteOf(until),
    on_call_until: filled.onCall?.toISOString() ?? null,
    language: language() === 'en' ? 'en' : 'zh',
  }
}
