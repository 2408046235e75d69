/** A new account: who, as what, and for which institution, person or region. */
import { App, Button, Drawer, Form, Input, Space } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import { useCreateAccount } from './api'
import { makePassword } from './password'
import { InstitutionPicker, PersonPicker } from './pickers'
import { RolePicker } from './RolePicker'
import { standingOf } from './roles'
import { useWords } from './words'

interface Given {
  username: string
  name: string
  password: string
  roles: string[]
  institution_id?: string
  person_id?: string
  region?: string
}

const EMPTY: Given = { username: '', name: '', password: '', roles: [] }

export function AccountForm({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords()
  return (
    <Drawer open={open} onClose={onClose} size={560} title={t('newAccount')} destroyOnHidden>
      <Fields onDone={onClose} />
    </Drawer>
  )
}

function Fields({ onDone }: { onDone: () => void }) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const create = useCreateAccount()
  const roles = Form.useWatch('roles', form) ?? []
  const institution = Form.useWatch('institution_id', form)
  const needs = standingOf(roles)
  const send = (given: Given) =>
    create.mutate(
      {
        username: given.username,
        name: given.name,
        password: given.password,
        roles: given.roles,
        institution_id: needs.institution ? given.institution_id : null,
        person_id: needs.institution ? given.person_id || null : null,
        region: needs.region ? given.region : null,
      },
      {
        onSuccess: (made) => {
          void message.success(t('createdDone', { name: made.username }))
          onDone()
        },
      },
    )
  const needed = [{ required: true, message: t('need') }]
  return (
    <Form<Given> form={form} layout="vertical" initialValues={EMPTY} onFinish={send}>
      <Form.Item
        name="username"
        label={t('username')}
        extra={t('usernameHelp')}
        rules={[{ required: true, pattern: /^[a-z0-9._-]{3,40}$/, message: t('usernameHelp') }]}
      >
        <Input autoComplete="off" spellCheck={false} autoFocus />
      </Form.Item>
      <Form.Item name="name" label={t('name')} rules={needed}>
        <Input autoComplete="off" maxLength={64} />
      </Form.Item>
      <Form.Item label={t('password')} extra={t('passwordHelp')} htmlFor="password" required>
        <Space.Compact block>
          <Form.Item
            name="password"
            noStyle
            rules={[{ required: true, min: 10, message: t('tooShort') }]}
          >
            <Input autoComplete="off" spellCheck={false} />
          </Form.Item>
          <Button onClick={() => form.setFieldsValue({ password: makePassword() })}>
            {t('make')}
          </Button>
        </Space.Compact>
      </Form.Item>
      <Form.Item
        name="roles"
        label={t('roles')}
        rules={[{ required: true, type: 'array', min: 1, message: t('needRole') }]}
      >
        <RolePicker />
      </Form.Item>
      {needs.institution ? (
        <>
          <Form.Item name="institution_id" label={t('institution')} rules={needed}>
            <InstitutionPicker />
          </Form.Item>
          <Form.Item
            name="person_id"
            label={t('person')}
            extra={t('personHelp')}
            rules={needs.person ? needed : []}
          >
            <PersonPicker institution={institution} />
          </Form.Item>
        </>
      ) : null}
      {needs.region ? (
        <Form.Item
          name="region"
          label={t('regionCode')}
          extra={t('regionHelp')}
          rules={[{ required: true, pattern: /^45(\d{2}|\d{4})?$/, message: t('regionHelp') }]}
        >
          <Input inputMode="numeric" maxLength={6} />
        </Form.Item>
      ) : null}
      {create.error ? (
        <Form.Item>
          <ProblemNotice error={create.error} kept={t('formKept')} />
        </Form.Item>
      ) : null}
      <Space>
        <Button type="primary" htmlType="submit" loading={create.isPending}>
          {t('create')}
        </Button>
        <Button onClick={onDone}>{t('cancel')}</Button>
      </Space>
    </Form>
  )
}
