/** The pictures: our own calibrated strip for an ECG, the OHIF viewer for everything else. */

import { Alert, Button } from 'antd'
import { useState } from 'react'
import type { RequestOut } from '../shared/schema'
import { EcgDesk } from './ecg/EcgDesk'
import styles from './Viewer.module.css'
import { useWords } from './words'

interface Props {
  item: RequestOut
  address: string
}

export function Viewer({ item, address }: Props) {
  const ecg = item.studies.filter((study) => study.modalities.includes('ECG'))
  if (ecg.length > 0 && ecg.length === item.studies.length) return <EcgDesk studies={ecg} />
  return <Ohif item={item} address={address} />
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
        className={styles.frame}
      />
    </div>
  )
}
