/** The dialog above the page when the session has lapsed: sign in and go on where you were. */
import { Button, Modal } from 'antd'
import { SignInForm } from './SignInForm'
import { useMe, useSessionEnded, useSignOut } from './session'
import { useWords } from './words'

export function SessionEnded() {
  const t = useWords()
  const me = useMe()
  const signOut = useSignOut()
  return (
    <Modal
      open={useSessionEnded()}
      title={t('again')}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      footer={
        <Button type="link" onClick={() => signOut.mutate()}>
          {t('switchAccount')}
        </Button>
      }
    >
      <p>{t('againKept')}</p>
      <SignInForm username={me.username} />
    </Modal>
  )
}
