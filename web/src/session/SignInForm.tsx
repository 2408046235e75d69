/** The form itself, used by the sign-in page and by the dialog that a lapsed session opens. */
import { Button, Form, Input } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import { useSignIn } from './session'
import { useWords } from './words'

interface Given {
  username: string
  password: string
}

interface Props {
  /** The account that was signed in before, when the session lapsed. */
  username?: string
}

export function SignInForm({ username }: Props) {
  const t = useWords()
  const signIn = useSignIn()
  return (
    <Form<Given>
      layout="vertical"
      requiredMark={false}
      initialValues={{ username: username ?? '', password: '' }}
      onFinish={(given) => signIn.mutate(given)}
    >
      <Form.Item
        name="username"
        label={t('username')}
        rules={[{ required: true, message: t('needUsername') }]}
      >
        <Input autoComplete="username" autoFocus={username === undefined} size="large" />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('password')}
        rules={[{ required: true, message: t('needPassword') }]}
      >
        <Input.Password
          autoComplete="current-password"
          autoFocus={username !== undefined}
          size="large"
        />
      </Form.Item>
      {signIn.error ? (
        <Form.Item>
          <ProblemNotice error={signIn.error} kept="" />
        </Form.Item>
      ) : null}
      <Button type="primary" htmlType="submit" size="large" block loading={signIn.isPending}>
        {t('signIn')}
      </Button>
    </Form>
  )
}
