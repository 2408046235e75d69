/** Secret addresses of one's own calendar: made, shown once, listed and revoked. */
import { CopyOutlined } from '@ant-design/icons'
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Form, Input, Popconfirm, Space } from 'antd'
import { dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { KEYS, queryClient } from '../shared/queries'
import { defineWords } from '../shared/words'
import styles from './KeepDrawer.module.css'

const { useWords } = defineWords('calendarLinks', {
  title: ['手机日历订阅', 'Calendar on your telephone'],
  teach: [
    '生成链接后，在手机或电脑的日历里选择“添加订阅日历”并粘贴。日历里只有您参加的预约的时间、服务、编号和地点，没有患者信息。',
    'Make a link and paste it where your calendar adds a subscription. It shows when, what service, the number and where; no patient.',
  ],
  label: ['用在哪里', 'What it is for'],
  labelHint: ['例如：手机', 'e.g. telephone'],
  make: ['生成链接', 'Make a link'],
  once: [
    '链接只显示这一次，请现在复制。谁有它，谁就能看到您的预约时间。',
    'It is shown this once: copy it now. Whoever has it sees when you are booked.',
  ],
  address: ['订阅地址', 'Address'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  notCopied: ['浏览器不允许复制，请手工选中地址复制。', 'The browser refused: select it and copy.'],
  madeOn: ['{{day}} 生成', 'made {{day}}'],
  readOn: ['最近读取 {{day}}', 'last read {{day}}'],
  neverRead: ['还没有被读取过', 'never read'],
  watch: [
    '没有在用的链接仍在被读取，可能已被他人得到：请停用它。',
    'A link that you do not use and that is read all the same may be in other hands: revoke it.',
  ],
  unnamed: ['未注明', 'no name'],
  revoke: ['停用', 'Revoke'],
  revokeWhich: ['停用 {{name}}', 'Revoke {{name}}'],
  sure: ['停用后，用这个链接的日历不再更新。', 'Calendars that use it get no more updates.'],
  revoked: ['已停用', 'Revoked'],
  none: ['没有在用的链接', 'No link is in use'],
})

const linksQuery = queryOptions({
  queryKey: [KEYS.appointments, 'links'],
  queryFn: () => body(api.GET('/api/calendar-links')),
})

const forget = () => void queryClient.invalidateQueries(linksQuery)

export function CalendarLinks() {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ label?: string }>()
  const { data, error, refetch } = useQuery(linksQuery)
  const make = useMutation({
    mutationFn: (label: string) => body(api.POST('/api/calendar-links', { body: { label } })),
    onSuccess: () => {
      form.resetFields()
      forget()
    },
  })
  const revoke = useMutation({
    mutationFn: (id: string) =>
      body(api.POST('/api/calendar-links/{id}/revoke', { params: { path: { id } } })),
    onSuccess: (_, id) => {
      if (id === make.data?.id) make.reset()
      void message.success(t('revoked'))
      forget()
    },
  })
  return (
    <>
      <p className={styles.teach}>{t('teach')}</p>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {make.data ? <Once url={make.data.url} /> : null}
      <ul className={styles.list}>
        {data?.links.map((link) => (
          <li key={link.id} className={styles.row}>
            <span>
              {link.label || t('unnamed')}{' '}
              <span className={styles.quiet}>
                {t('madeOn', { day: dateWords(dayOf(Date.parse(link.made_at))) })}
                {' · '}
                {link.read_at
                  ? t('readOn', { day: dateWords(dayOf(Date.parse(link.read_at))) })
                  : t('neverRead')}
              </span>
            </span>
            <Popconfirm title={t('sure')} onConfirm={() => revoke.mutate(link.id)}>
              <Button
                size="small"
                aria-label={t('revokeWhich', { name: link.label || t('unnamed') })}
                loading={revoke.isPending && revoke.variables === link.id}
              >
                {t('revoke')}
              </Button>
            </Popconfirm>
          </li>
        ))}
      </ul>
      {data?.links.length ? <p className={styles.quiet}>{t('watch')}</p> : null}
      {data?.links.length === 0 ? <p className={styles.quiet}>{t('none')}</p> : null}
      {make.error ? <ProblemNotice error={make.error} /> : null}
      {revoke.error ? <ProblemNotice error={revoke.error} /> : null}
      <Form
        form={form}
        layout="vertical"
        className={styles.made}
        onFinish={(given: { label?: string }) => make.mutate(given.label?.trim() ?? '')}
      >
        <Form.Item name="label" label={t('label')}>
          <Input maxLength={60} placeholder={t('labelHint')} />
        </Form.Item>
        <Button htmlType="submit" loading={make.isPending}>
          {t('make')}
        </Button>
      </Form>
    </>
  )
}

function Once({ url }: { url: string }) {
  const t = useWords()
  const { message } = App.useApp()
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => void message.success(t('copied')),
      () => void message.warning(t('notCopied')),
    )
  return (
    <Alert
      type="success"
      title={t('once')}
      description={
        <Space.Compact block>
          <Input
            readOnly
            value={url}
            aria-label={t('address')}
            onFocus={(e) => e.target.select()}
          />
          <Button icon={<CopyOutlined />} onClick={() => void copy()}>
            {t('copy')}
          </Button>
        </Space.Compact>
      }
    />
  )
}

/** The title of the section that holds them. */
export function useLinksTitle(): string {
  return useWords()('title')
}
