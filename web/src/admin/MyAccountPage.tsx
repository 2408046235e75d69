/** Everybody's own page: change the password, see and end one's own sessions. */
import { App, Button, Form, Input } from 'antd'
import { CalendarLinks, useLinksTitle } from '../appointments/CalendarLinks'
import { useMe } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { Roles } from './AccountsPage'
import styles from './admin.module.css'
import { useChangePassword } from './api'
import { SessionTable } from './SessionTable'
import { useWords } from './words'

export function MyAccountPage() {
  const t = useWords()
  const me = useMe()
  const linksTitle = useLinksTitle()
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <header className={page.head}>
        <h1 className={page.title}>{t('mine')}</h1>
        <span className={styles.who}>
          {me.name}（{me.username}） {me.institution?.name ?? ''} <Roles roles={me.roles} />
        </span>
      </header>
      <div className={styles.mine}>
        <section className={page.card}>
          <h2 className={page.subtitle}>{t('changePassword')}</h2>
          <PasswordForm />
        </section>
        <div className={styles.beside}>
          <section className={page.card}>
            <h2 className={page.subtitle}>{t('mySessions')}</h2>
            <p className={styles.quiet}>{t('mySessionsTeach')}</p>
            <SessionTable mine />
          </section>
          {me.person_id && me.permissions.includes('see-calendars') ? (
            <section className={page.card}>
              <h2 className={page.subtitle}>{linksTitle}</h2>
              <CalendarLinks />
            </section>
          ) : null}
        </div>
      </div>
    </main>
  )
}

interface Given {
  current: string
  new: string
  again: string
}

function PasswordForm() {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const change = useChangePassword()
  const send = (given: Given) =>
    change.mutate(
      { current: given.current, new: given.new },
      {
        onSuccess: () => {
          form.resetFields()
          void message.success(t('changed'))
        },
      },
    )
  return (
    <Form<Given> form={form} layout="vertical" requiredMark={false} onFinish={send}>
      {/* Password keepers look for the name beside the password. */}
      <input hidden readOnly autoComplete="username" value={useMe().username} />
      <Form.Item
        name="current"
        label={t('currentPassword')}
        rules={[{ required: true, message: t('need') }]}
      >
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Form.Item
        name="new"
        label={t('newPassword')}
        extra={t('newHelp')}
        rules={[{ required: true, min: 10, message: t('tooShort') }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={t('repeatPassword')}
        dependencies={['new']}
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              value === getFieldValue('new')
                ? Promise.resolve()
                : Promise.reject(new Error(t('different'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      {change.error ? (
        <Form.Item>
          <ProblemNotice error={change.error} kept="" />
        </Form.Item>
      ) : null}
      <Button type="primary" htmlType="submit" loading={change.isPending}>
        {t('changePassword')}
      </Button>
    </Form>
  )
}
