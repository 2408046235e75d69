/** What one is asked for as an expert, above the list of the desk: to answer, or being written. */
import { EditOutlined, MailOutlined, ThunderboltFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import styles from '../reading/OpenCases.module.css'
import { useMay } from '../session/session'
import { serverNow } from '../shared/now'
import { momentWords } from '../shared/times'
import { invitationsQuery } from './api'
import { useWords } from './words'

export function Invitations() {
  const t = useWords()
  const go = useNavigate()
  const asked = useQuery({ ...invitationsQuery, enabled: useMay('write-reports') })
  const open = (asked.data?.items ?? []).filter(
    ({ opinion, case: item }) =>
      item !== null && (opinion.state === 'asked' || opinion.state === 'accepted'),
  )
  if (open.length === 0) return null
  return (
    <nav className={styles.stack} aria-label={t('invitations')}>
      <span className={styles.title}>{t('invitations')}</span>
      {open.map(({ opinion, case: item }) => (
        <button
          key={opinion.id}
          type="button"
          className={styles.chip}
          title={item?.number ?? ''}
          onClick={() => void go(`/requests/${opinion.request_id}`)}
        >
          {opinion.state === 'asked' ? <MailOutlined aria-hidden /> : <EditOutlined aria-hidden />}
          {item?.urgency === 'stat' ? (
            <ThunderboltFilled className={styles.stat} aria-hidden />
          ) : null}
          {item?.patient_name}
          <span className={styles.more}>
            {item?.requester.short_name} ·{' '}
            {t(opinion.state === 'asked' ? 'invitedNew' : 'invitedWriting')} ·{' '}
            {t('due', { at: momentWords(opinion.due_at, serverNow()) })}
          </span>
        </button>
      ))}
    </nav>
  )
}
