/**
 * A 12-lead ECG on calibrated paper, from DICOMweb.
 *
 * 25 mm/s and 10 mm/mV until somebody changes it, one scale for all leads, display filters off,
 * whatever is missing, cut or clipped said in words. It draws and measures; it does not diagnose.
 */
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import { Desk } from './Desk'
import styles from './EcgStrip.module.css'
import { filtered } from './filters'
import { recordingsQuery, signalQuery } from './load'
import { MachineLine } from './MachineLine'
import type { EcgMeasurement } from './measure'
import { SHEET_SECONDS } from './paper'
import { Toolbar } from './Toolbar'
import { useStripKeys, useView, viewKeys } from './useStrip'
import type { Recording } from './waveform'
import { useWords } from './words'

export type { EcgMeasurement } from './measure'

export interface EcgStripProps {
  /** StudyInstanceUID; the study must be visible to the signed-in person. */
  studyUid: string
  /** Called when the reader hands a measurement over (button or Enter); no button without it. */
  onMeasure?: (measurement: EcgMeasurement) => void
}

/**
 * Fills its parent, which must have a height; scrolls within itself.
 *
 * `<EcgStrip key={studyUid} studyUid={studyUid} onMeasure={(m) => …} />`. `prefetchEcg(studyUid)`
 * of `./load` fetches the next one ahead; `ecgKeyRows()` of `./keys` are the rows for the key help.
 */
export default function EcgStrip({ studyUid, onMeasure }: EcgStripProps) {
  const t = useWords()
  const recordings = useQuery(recordingsQuery(studyUid))
  const [chosen, setChosen] = useState<string | null>(null)
  if (recordings.error)
    return (
      <div className={styles.notice}>
        <ProblemNotice error={recordings.error} onRetry={() => void recordings.refetch()} />
      </div>
    )
  if (!recordings.data) return <Waiting />
  const recording =
    recordings.data.find((each) => each.key === chosen) ?? recordings.data[0] ?? null
  if (recording === null)
    return (
      <div className={styles.notice}>
        <Empty title={t('none')} teach={t('noneTeach')} />
      </div>
    )
  return (
    <Trace
      key={recording.key}
      studyUid={studyUid}
      recording={recording}
      recordings={recordings.data}
      onChoose={setChosen}
      onMeasure={onMeasure}
    />
  )
}

interface TraceProps extends EcgStripProps {
  recording: Recording
  recordings: readonly Recording[]
  onChoose: (key: string) => void
}

function Trace({ studyUid, recording, recordings, onChoose, onMeasure }: TraceProps) {
  const loaded = useQuery(signalQuery(studyUid, recording))
  const strip = useView()
  const [from, setFrom] = useState(0)
  useStripKeys(viewKeys(strip))
  const { filters } = strip.view
  const signal = useMemo(
    () => loaded.data && filtered(loaded.data, filters),
    [loaded.data, filters],
  )
  const pages = loaded.data !== undefined && loaded.data.seconds > SHEET_SECONDS * 1.05
  return (
    <section className={styles.strip}>
      <Toolbar
        strip={strip}
        recording={recording}
        recordings={recordings}
        onChoose={onChoose}
        page={pages ? { from, all: loaded.data.seconds, onTurn: setFrom } : null}
      />
      <MachineLine recording={recording} />
      {loaded.error ? (
        <div className={styles.notice}>
          <ProblemNotice error={loaded.error} onRetry={() => void loaded.refetch()} />
        </div>
      ) : signal ? (
        <Desk
          signal={signal}
          recording={recording}
          view={strip.view}
          from={from}
          onMeasure={onMeasure}
        />
      ) : (
        <Waiting />
      )}
    </section>
  )
}

function Waiting() {
  const t = useWords()
  return (
    <div className={styles.waiting} role="status" aria-label={t('loading')}>
      <div className={styles.blank} />
    </div>
  )
}
