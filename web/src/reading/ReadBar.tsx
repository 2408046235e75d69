/** The strip above the pictures: who, what, how long still, priors as chips, the second window. */
import { ArrowLeftOutlined, BlockOutlined, CheckOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Link } from 'react-router'
import { LiveDot } from '../app/signals'
import { useCatalogue } from '../requests/api'
import { examLabel } from '../requests/names'
import { CaseClock } from '../shared/CaseClock'
import { PatientLine } from '../shared/PatientLine'
import type { RequestOut } from '../shared/schema'
import { CriticalTag, StatusTag, UrgencyTag } from '../shared/tags'
import { studyDate } from '../studies/dates'
import styles from './ReadBar.module.css'
import { useWords } from './words'

interface Props {
  item: RequestOut
  opened: string[]
  onPriors: (uids: string[]) => void
  detached: boolean
  onDetach: () => void
}

export function ReadBar({ item, opened, onPriors, detached, onDetach }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  return (
    <header className={styles.bar}>
      <Link to="/work" className={styles.back}>
        <ArrowLeftOutlined aria-hidden /> {t('back')}
      </Link>
      <h1 className={styles.who}>
        <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
      </h1>
      <span className={styles.exam}>
        {examLabel(catalogue, item)} · {item.requester.short_name} · {item.number}
      </span>
      <UrgencyTag urgency={item.urgency} />
      {item.critical ? <CriticalTag open={item.critical_open} /> : null}
      {item.state === 'open' ? null : <StatusTag row={item} />}
      <CaseClock clock={item.clock} mine="provider" />
      <div className={styles.priors}>
        {item.priors.map((study) => {
          const on = opened.includes(study.study_uid)
          return (
            <button
              key={study.id}
              type="button"
              aria-pressed={on}
              title={study.description}
              className={`${styles.prior} ${on ? styles.on : ''}`}
              onClick={() =>
                onPriors(
                  on
                    ? opened.filter((uid) => uid !== study.study_uid)
                    : [...opened, study.study_uid],
                )
              }
            >
              {on ? <CheckOutlined aria-hidden /> : null} {study.modalities.join('/')}{' '}
              {studyDate(study.study_date)}
            </button>
          )
        })}
      </div>
      <LiveDot />
      <Button size="small" icon={<BlockOutlined />} onClick={onDetach}>
        {detached ? t('attached') : t('detach')}
      </Button>
    </header>
  )
}
