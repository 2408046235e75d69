/** The minutes of an appointment on a page of their own: read and signed after the session. */
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { Empty } from '../../shared/Empty'
import { toProblem } from '../../shared/problem'
import { minutesQuery } from './api'
import styles from './MinutesPage.module.css'
import { MinutesPanel } from './MinutesPanel'
import { useWords } from './words'

export function MinutesPage() {
  const t = useWords()
  const { id = '' } = useParams()
  const { error } = useQuery(minutesQuery(id))
  const hidden = error !== null && toProblem(error).status === 404
  return (
    <main className={styles.page}>
      <Link to="/appointments">{t('back')}</Link>
      {hidden ? (
        <Empty
          title={t('notFound')}
          teach={t('notFoundTeach')}
          action={<Link to={`/appointments?open=${id}`}>{t('openAppointment')}</Link>}
        />
      ) : (
        <div className={styles.sheet}>
          <MinutesPanel id={id} signal={null} />
        </div>
      )}
    </main>
  )
}
