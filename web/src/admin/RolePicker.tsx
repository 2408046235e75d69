/** Roles to tick, in three groups, with what each does and why three of them stand alone. */
import { SafetyCertificateOutlined } from '@ant-design/icons'
import { Checkbox } from 'antd'
import { type RoleKey, useWords as useRoleWords } from '../session/words'
import styles from './admin.module.css'
import { CLINICAL, SEPARATE, SUPERVISING, withRole } from './roles'
import { useWords } from './words'

interface Props {
  value?: string[]
  onChange?: (roles: string[]) => void
}

const GROUPS: readonly (readonly [
  title: 'clinical' | 'supervising' | 'separate',
  roles: readonly RoleKey[],
])[] = [
  ['clinical', CLINICAL],
  ['supervising', SUPERVISING],
  ['separate', SEPARATE],
]

export function RolePicker({ value = [], onChange }: Props) {
  const t = useWords()
  const role = useRoleWords()
  return (
    <div className={styles.picker}>
      <p className={styles.why}>
        <SafetyCertificateOutlined aria-hidden /> <strong>{t('separation')}</strong>{' '}
        {t('separationWhy')}
      </p>
      {GROUPS.map(([title, roles]) => (
        <fieldset key={title} className={styles.group}>
          <legend>{t(title)}</legend>
          {roles.map((each) => (
            <Checkbox
              key={each}
              checked={value.includes(each)}
              onChange={(event) => onChange?.(withRole(value, each, event.target.checked))}
            >
              {role(each)} <span className={styles.quiet}>{t(`${each}Does`)}</span>
            </Checkbox>
          ))}
        </fieldset>
      ))}
    </div>
  )
}
