/** Small marks of institutions, memberships and agreements: colour, shape and word together. */
import {
  CheckCircleFilled,
  ClockCircleOutlined,
  DisconnectOutlined,
  FlagOutlined,
  StopOutlined,
} from '@ant-design/icons'
import { Tag } from 'antd'
import type { AgreementOut, InstitutionOut } from '../shared/schema'
import styles from './marks.module.css'
import { useWords } from './words'

export function PovertyMark() {
  const t = useWords()
  return (
    <Tag icon={<FlagOutlined aria-hidden />} className={styles.mark}>
      {t('povertyMark')}
    </Tag>
  )
}

export function ConnectionMark({ institution }: { institution: InstitutionOut }) {
  const t = useWords()
  if (!institution.connected)
    return (
      <span className={styles.quiet}>
        <DisconnectOutlined aria-hidden /> {t('notConnected')}
      </span>
    )
  return (
    <span className={styles.good}>
      <CheckCircleFilled aria-hidden />{' '}
      {institution.connected_since === null
        ? t('connected')
        : t('connectedSince', { date: institution.connected_since })}
    </span>
  )
}

export function ForceMark({ agreement, now }: { agreement: AgreementOut; now: number }) {
  const t = useWords()
  if (agreement.in_force)
    return (
      <span className={styles.good}>
        <CheckCircleFilled aria-hidden /> {t('inForce')}
      </span>
    )
  const later = Date.parse(agreement.since) > now
  return (
    <span className={styles.quiet}>
      {later ? <ClockCircleOutlined aria-hidden /> : <StopOutlined aria-hidden />}{' '}
      {later ? t('notYet') : t('ended')}
    </span>
  )
}
