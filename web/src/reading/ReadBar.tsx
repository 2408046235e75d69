/** The strip above the pictures: who, what, how long still, priors as chips, the second window. */
import {
  ArrowLeftOutlined,
  BlockOutlined,
  CheckOutlined,
  PauseCircleOutlined,
} from '@ant-design/icons'
import { Button } from 'antd'
import { Link } from 'react-router'
import { LiveDot } from '../app/signals'
import { useCatalogue } from '../requests/api'
import { examLabel } from '../requests/names'
import { CaseClock } from '../shared/CaseClock'
import { usePageKeys } from '../shared/keys'
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
  /** Absent where the case is not one's own to put aside. */
  onAside?: (() => void) | undefined
}

export function ReadBar({ item, opened, onPriors, detached, onDetach, onAside }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  usePageKeys(onAside ? [{ combo: 'Alt+A', label: t('keyAside'), run: onAside }] : [])
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
      {onAside ? (
        <Button
          size="small"
          icon={<PauseCircleOutlined />}
          title={`Alt+A · ${t('putAsideHint', { n: Math.round((catalogue?.aside_seconds ?? 0) / 60) })}`}
          onClick={onAside}
        >
          {t('putAside')}
        </Button>
      ) : null}
      <Button size="small" icon={<BlockOutlined />} onClick={onDetach}>
        {detached ? t('attached') : t('detach')}
      </Button>
    </header>
  )
}
