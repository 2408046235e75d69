/** Small signs in the bar: the live line's state and the upload going on in the background. */
import {
  CheckCircleFilled,
  CloudUploadOutlined,
  PauseCircleFilled,
  WarningFilled,
} from '@ant-design/icons'
import { Link } from 'react-router'
import { useLiveState } from '../live/live'
import { useUploads } from '../uploads/manager'
import styles from './signals.module.css'
import { useWords } from './words'

export function LiveDot() {
  const t = useWords()
  const state = useLiveState()
  const good = state === 'live'
  const title = good ? t('live') : state === 'lost' ? t('lost') : t('connecting')
  return (
    <span
      className={`${styles.dot} ${good ? styles.good : styles.bad}`}
      title={title}
      role="status"
    >
      <span className={styles.lamp} aria-hidden />
      <span className={styles.word}>{good ? t('liveShort') : t('lostShort')}</span>
      <span className="visually-hidden">{title}</span>
    </span>
  )
}

export function UploadChip() {
  const t = useWords()
  const { total, faults, phase } = useUploads()
  if (phase === 'idle') return null
  const [Icon, words] = {
    running: [CloudUploadOutlined, t('uploading', { percent: total })] as const,
    paused: [PauseCircleFilled, t('uploadHeld')] as const,
    done: [CheckCircleFilled, t('uploadDone')] as const,
    faults: [WarningFilled, t('uploadFaults', { n: faults })] as const,
  }[phase]
  return (
    <Link to="/uploads" className={`${styles.chip} ${styles[phase]}`}>
      <Icon aria-hidden /> {words}
    </Link>
  )
}
