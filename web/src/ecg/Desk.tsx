/** The sheet on the screen: grid, pulses, traces, labels, and the calipers over them. */
import { useEffect, useMemo, useRef, useState } from 'react'
import { CaliperLayer } from './CaliperLayer'
import styles from './Desk.module.css'
import type { Filters } from './filters'
import type { Caliper, EcgMeasurement } from './measure'
import { PaperNotes } from './PaperNotes'
import { fitting, layOut } from './paper'
import { Readout, told } from './Readout'
import { SheetPicture } from './SheetPicture'
import { useCaliper } from './useCaliper'
import { useLightPaper } from './useLightPaper'
import type { View } from './useStrip'
import type { Recording, Signal } from './waveform'
import { useWords } from './words'

interface Props {
  signal: Signal
  recording: Recording
  view: View
  from: number
  onMeasure?: (measurement: EcgMeasurement) => void
}

export function Desk({ signal, recording, view, from, onMeasure }: Props) {
  const t = useWords()
  const { settings, filters } = view
  const [box, width] = useWidth()
  const sheet = useMemo(() => layOut(signal, settings, from), [signal, settings, from])
  const pxPerMm = view.trueSize ? view.pxPerMm : fitting(width)
  const altered = filters.wander || filters.mains
  const take = (caliper: Caliper) => onMeasure?.(told(caliper, altered))
  const inHand = useCaliper({ sheet, signal, pxPerMm, snap: view.snap }, take)
  const described = t('describe', {
    n: recording.channels.length,
    rate: signal.rate,
    seconds: Math.round(signal.seconds * 10) / 10,
    leads: [...signal.leads.keys()].join(' '),
    speed: settings.speed,
    gain: settings.gain,
  })
  return (
    <>
      <PaperNotes signal={signal} layout={settings.layout} />
      <div ref={box} className={styles.room} data-paper={useLightPaper(view) ? 'light' : 'dark'}>
        {width > 0 ? (
          <div
            className={styles.sheet}
            style={{ width: sheet.width * pxPerMm, height: sheet.height * pxPerMm }}
          >
            <SheetPicture
              sheet={sheet}
              signal={signal}
              pxPerMm={pxPerMm}
              described={described}
              filterWords={filterWords(filters, t)}
            />
            <CaliperLayer sheet={sheet} pxPerMm={pxPerMm} march={view.march} inHand={inHand} />
          </div>
        ) : null}
      </div>
      <Readout inHand={inHand} filtered={altered} onTake={onMeasure ? take : undefined} />
    </>
  )
}

function filterWords(filters: Filters, t: ReturnType<typeof useWords>): string | null {
  const on = [filters.wander ? t('wander') : '', filters.mains ? t('mains') : ''].filter(Boolean)
  return on.length > 0 ? t('footerFiltered', { which: on.join(' + ') }) : null
}

/** The width there is for paper, in CSS pixels; 0 until it is known. */
function useWidth() {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const watch = new ResizeObserver(() => setWidth(element.clientWidth))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  return [box, width] as const
}
