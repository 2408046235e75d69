/** How large a millimetre is on this screen, set once with a ruler; and the tone of the paper. */
import { SettingOutlined } from '@ant-design/icons'
import { Button, InputNumber, Popover, Segmented, Slider } from 'antd'
import { CSS_PX_PER_MM } from './paper'
import styles from './ScreenScale.module.css'
import { useLightPaper } from './useLightPaper'
import type { Strip } from './useStrip'
import { useWords } from './words'

const RANGE = { min: 2, max: 12, step: 0.02 }
const RULER_MM = 50

export function ScreenScale({ strip }: { strip: Strip }) {
  const t = useWords()
  const { view, change } = strip
  const light = useLightPaper(view)
  const setScale = (pxPerMm: number | null) => {
    if (pxPerMm !== null) change({ pxPerMm })
  }
  const content = (
    <div className={styles.panel}>
      <div className={styles.ruler} style={{ width: RULER_MM * view.pxPerMm }}>
        {RULER_MM} mm
      </div>
      <p className={styles.teach}>{t('rulerTeach')}</p>
      <Slider {...RANGE} value={view.pxPerMm} onChange={setScale} tooltip={{ open: false }} />
      <div className={styles.row}>
        <InputNumber
          {...RANGE}
          size="small"
          className={styles.number}
          precision={2}
          suffix={t('rulerUnit')}
          aria-label={t('rulerUnit')}
          value={view.pxPerMm}
          onChange={setScale}
        />
        <Button size="small" onClick={() => setScale(CSS_PX_PER_MM)}>
          {t('rulerUsual')}
        </Button>
      </div>
      <Segmented
        size="small"
        value={light}
        onChange={(lightPaper) => change({ lightPaper })}
        options={[
          { value: true, label: t('lightPaper') },
          { value: false, label: t('darkPaper') },
        ]}
      />
    </div>
  )
  return (
    <Popover trigger="click" placement="bottomRight" title={t('ruler')} content={content}>
      <Button size="small" type="text" icon={<SettingOutlined />} aria-label={t('ruler')} />
    </Popover>
  )
}
