/** Who I am here: name, role, institution; language, theme, sign out. */
import { DownOutlined } from '@ant-design/icons'
import { Button, Dropdown, type MenuProps } from 'antd'
import { Link } from 'react-router'
import { useMe, useSignOut } from '../session/session'
import { isRole, useWords as useSessionWords } from '../session/words'
import { changeLanguage, language } from '../shared/words'
import { useSound } from './chime'
import styles from './PersonMenu.module.css'
import { useDark } from './useDark'
import { useWords } from './words'

export function PersonMenu() {
  const t = useWords()
  const roleWords = useSessionWords()
  const me = useMe()
  const signOut = useSignOut()
  const [dark, setDark] = useDark()
  const [sound, setSound] = useSound()
  const roles = me.roles.map((role) => (isRole(role) ? roleWords(role) : role))
  const place = me.institution?.short_name ?? (me.region ? t('region', { code: me.region }) : '')
  const items: MenuProps['items'] = [
    {
      key: 'who',
      type: 'group',
      label: (
        <div className={styles.who}>
          <strong>{me.name}</strong>
          <span>{me.institution?.name ?? place}</span>
          <span>{roles.join('、')}</span>
        </div>
      ),
    },
    { type: 'divider' },
    {
      key: 'language',
      label: t('language'),
      onClick: () => changeLanguage(language() === 'zh' ? 'en' : 'zh'),
    },
    { key: 'account', label: <Link to="/me">{t('account')}</Link> },
    { key: 'theme', label: dark ? t('light') : t('dark'), onClick: () => setDark(!dark) },
    ...(me.permissions.includes('read-queue')
      ? [
          {
            key: 'sound',
            label: t(sound ? 'mute' : 'unmute'),
            onClick: () => setSound(!sound),
          },
        ]
      : []),
    { type: 'divider' },
    { key: 'out', label: t('signOut'), onClick: () => signOut.mutate() },
  ]
  return (
    <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight">
      <Button type="text" className={styles.button} title={t('me', { name: me.name })}>
        <span className={styles.place}>{place}</span>
        <span className={styles.name}>
          {me.name}
          <span className={styles.role}>{roles[0]}</span>
        </span>
        <DownOutlined className={styles.arrow} aria-hidden />
      </Button>
    </Dropdown>
  )
}
