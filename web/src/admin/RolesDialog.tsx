/** Changes the roles of an account; its sessions end, so that old rights end with them. */
import { App, Modal } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AccountOut } from '../shared/schema'
import styles from './admin.module.css'
import { useChangeAccount } from './api'
import { RolePicker } from './RolePicker'
import { useWords } from './words'

export function RolesDialog({ account, onClose }: { account: AccountOut; onClose: () => void }) {
  const t = useWords()
  const { message } = App.useApp()
  const [roles, setRoles] = useState<string[]>(account.roles)
  const change = useChangeAccount()
  const save = () =>
    change.mutate(
      { id: account.id, change: { roles } },
      {
        onSuccess: () => {
          void message.success(t('done', { name: account.username, what: t('didRoles') }))
          onClose()
        },
      },
    )
  return (
    <Modal
      open
      title={t('rolesOf', { name: account.username })}
      okText={t('save')}
      cancelText={t('cancel')}
      okButtonProps={{ disabled: roles.length === 0, loading: change.isPending }}
      onOk={save}
      onCancel={onClose}
      width={560}
    >
      <RolePicker value={roles} onChange={setRoles} />
      <p className={styles.quiet}>{t('rolesEnd')}</p>
      {change.error ? <ProblemNotice error={change.error} kept={t('formKept')} /> : null}
    </Modal>
  )
}
