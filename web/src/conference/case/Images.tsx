/** The studies of the case: the viewer all look into, and each tracing beside it. */
import { Segmented, Skeleton } from 'antd'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Empty } from '../../shared/Empty'
import type { RequestOut } from '../../shared/schema'
import { studyDate } from '../../studies/dates'
import { useMembers } from '../signal'
import styles from './CasePanel.module.css'
import type { Both } from './Presenter'
import { SharedViewer } from './SharedViewer'
import { nameOf } from './useNotes'
import { isView, type Shown, type View } from './views'
import { useWords } from './words'

const EcgStrip = lazy(() => import('../../ecg/EcgStrip'))
const VIEWER = 'viewer'
type Studies = RequestOut['studies']

interface Props extends Both {
  item: RequestOut
  /** Not behind the records: what is out of sight is shown to nobody. */
  inSight: boolean
}

export function Images({ item, inSight, ...both }: Props) {
  const t = useWords()
  const { found, signal, stage, free, onFree } = both
  const { show, mine, presenter } = stage
  const members = useMembers(signal)
  const tracings = item.studies.filter((study) => study.modalities.includes('ECG'))
  const pictures = item.studies.length > tracings.length
  const [chosen, setChosen] = useState(pictures ? VIEWER : (tracings[0]?.study_uid ?? ''))
  const followed = free || mine ? null : stage.shown
  const shown = placeOf(followed, tracings) ?? chosen
  useEffect(() => {
    if (mine && inSight && shown !== VIEWER) show({ kind: 'study', study: shown })
  }, [mine, inSight, shown, show])
  const follows = presenter !== null && !mine
  const choose = (next: string) => {
    setChosen(next)
    if (follows) onFree(true)
  }
  if (item.studies.length === 0) return <Empty title={t('noImages')} teach={t('noCaseTeach')} />
  return (
    <div className={styles.images}>
      <Choice {...{ tracings, pictures, shown }} onChoose={choose} />
      {pictures ? (
        <div className={styles.place} hidden={shown !== VIEWER}>
          <SharedViewer
            address={`${item.viewer_url ?? ''}&panel=closed`}
            presents={mine && inSight && shown === VIEWER}
            follow={viewOf(followed)}
            presenterName={presenter === null ? '' : nameOf(found, members, presenter)}
            onView={show}
            onTouched={() => {
              if (follows && !free) onFree(true)
            }}
          />
        </div>
      ) : null}
      {shown !== VIEWER ? (
        <Suspense fallback={<Skeleton active />}>
          <EcgStrip key={shown} studyUid={shown} />
        </Suspense>
      ) : null}
    </div>
  )
}

interface ChoiceProps {
  tracings: Studies
  pictures: boolean
  shown: string
  onChoose: (next: string) => void
}

function Choice({ tracings, pictures, shown, onChoose }: ChoiceProps) {
  const t = useWords()
  if (tracings.length + Number(pictures) < 2) return null
  return (
    <Segmented
      size="small"
      value={shown}
      onChange={onChoose}
      options={[
        ...(pictures ? [{ value: VIEWER, label: t('images') }] : []),
        ...tracings.map((study) => ({
          value: study.study_uid,
          label: `ECG ${studyDate(study.study_date)}`,
        })),
      ]}
    />
  )
}

function viewOf(shown: Shown | null): View | null {
  return shown !== null && isView(shown) ? shown : null
}

/** Where what is followed stands: in the viewer, or a tracing of this case; null for neither. */
function placeOf(shown: Shown | null, tracings: Studies): string | null {
  if (shown !== null && (isView(shown) || shown.kind === 'other')) return VIEWER
  if (shown?.kind !== 'study') return null
  return tracings.some((one) => one.study_uid === shown.study) ? shown.study : null
}
