/** The pictures: our own calibrated strip for an ECG, the OHIF viewer for everything else. */

import { Alert, Button, Segmented, Skeleton } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { ecgKeyRows } from '../ecg/keys'
import { insertWords } from '../reports/inserts'
import { usePageKeys } from '../shared/keys'
import type { RequestOut } from '../shared/schema'
import { studyDate } from '../studies/dates'
import styles from './Viewer.module.css'
import { useWords } from './words'

const EcgStrip = lazy(() => import('../ecg/EcgStrip'))

interface Props {
  item: RequestOut
  address: string
}

export function Viewer({ item, address }: Props) {
  const ecg = item.studies.filter((study) => study.modalities.includes('ECG'))
  if (ecg.length > 0 && ecg.length === item.studies.length) return <Ecg item={item} />
  return <Ohif item={item} address={address} />
}

function Ecg({ item }: { item: RequestOut }) {
  const [chosen, setChosen] = useState(item.studies[0]?.study_uid ?? '')
  const writes = item.allowed.includes('write')
  usePageKeys(ecgKeyRows())
  return (
    <div className={styles.ecg}>
      {item.studies.length > 1 ? (
        <Segmented
          value={chosen}
          onChange={setChosen}
          options={item.studies.map((study) => ({
            value: study.study_uid,
            label: studyDate(study.study_date),
          }))}
        />
      ) : null}
      <div className={styles.strip}>
        <Suspense fallback={<Skeleton active />}>
          <EcgStrip
            key={chosen}
            studyUid={chosen}
            onMeasure={writes ? (found) => insertWords(item.id, found.text) : undefined}
          />
        </Suspense>
      </div>
    </div>
  )
}

function Ohif({ item, address }: Props) {
  const t = useWords()
  const count = item.studies.reduce((sum, study) => sum + study.instance_count, 0)
  const [loaded, setLoaded] = useState({ count, times: 0 })
  return (
    <div className={styles.viewer}>
      {count > loaded.count ? (
        <Alert
          className={styles.late}
          type="info"
          showIcon
          title={t('lateImages')}
          action={
            <Button size="small" onClick={() => setLoaded({ count, times: loaded.times + 1 })}>
              {t('reloadViewer')}
            </Button>
          }
        />
      ) : null}
      <iframe
        key={`${address} ${loaded.times}`}
        src={address}
        title={t('viewer')}
        data-viewer
        className={styles.frame}
      />
    </div>
  )
}
