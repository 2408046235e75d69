/** The ECG desk: calibrated paper, gain and speed by key, calipers by dragging. */
import { useQuery } from '@tanstack/react-query'
import { Segmented, Skeleton } from 'antd'
import { type PointerEvent, useEffect, useRef, useState } from 'react'
import { usePageKeys } from '../../shared/keys'
import { ProblemNotice } from '../../shared/ProblemNotice'
import type { StudyOut } from '../../shared/schema'
import { defineWords } from '../../shared/words'
import { studyDate } from '../../studies/dates'
import { viewerAddress } from '../../studies/StudyCard'
import styles from './EcgDesk.module.css'
import { recordingQuery } from './load'
import {
  drawPaper,
  drawTraces,
  fittingUnit,
  GAINS,
  type Ink,
  measure,
  paperSize,
  type Scale,
  SPEEDS,
} from './paper'
import { type Recording, UnreadableEcg } from './waveform'

const { useWords } = defineWords('ecg', {
  label: [
    '{{n}} 导联心电图，{{seconds}} 秒，{{speed}} mm/s，{{gain}} mm/mV',
    '{{n}}-lead ECG, {{seconds}} s, {{speed}} mm/s, {{gain}} mm/mV',
  ],
  speed: ['走纸速度', 'Speed'],
  gain: ['增益', 'Gain'],
  keySpeed: ['切换走纸速度', 'Change speed'],
  keyGain: ['切换增益', 'Change gain'],
  caliper: ['拖动测量间期与振幅', 'Drag to measure'],
  interval: ['{{ms}} ms', '{{ms}} ms'],
  rate: ['{{n}} 次/分', '{{n}} /min'],
  unreadable: [
    '此心电图不能按标定绘制（{{why}}），请用通用查看器。',
    'This ECG cannot be drawn to scale ({{why}}); use the general viewer.',
  ],
  general: ['通用查看器', 'General viewer'],
})

const PAPER: Ink = { paper: '#fff9f6', fine: '#f6ddd5', bold: '#e9b5a6', trace: '#14181b' }

export function EcgDesk({ studies }: { studies: readonly StudyOut[] }) {
  const [first] = studies
  const [chosen, setChosen] = useState(first?.id ?? '')
  const study = studies.find((each) => each.id === chosen) ?? first
  if (study === undefined) return null
  return (
    <div className={styles.desk}>
      {studies.length > 1 ? (
        <Segmented
          value={study.id}
          onChange={setChosen}
          options={studies.map((each) => ({ value: each.id, label: studyDate(each.study_date) }))}
        />
      ) : null}
      <Strip key={study.id} study={study} />
    </div>
  )
}

function Strip({ study }: { study: StudyOut }) {
  const t = useWords()
  const recording = useQuery(recordingQuery(study))
  const [speed, setSpeed] = useState<number>(SPEEDS[0])
  const [gain, setGain] = useState<number>(GAINS[0])
  usePageKeys([
    { combo: 's', label: t('keySpeed'), run: () => setSpeed(after(SPEEDS, speed)) },
    { combo: 'g', label: t('keyGain'), run: () => setGain(after(GAINS, gain)) },
  ])
  if (recording.error instanceof UnreadableEcg)
    return <p className={styles.fault}>{t('unreadable', { why: recording.error.message })}</p>
  if (recording.error)
    return <ProblemNotice error={recording.error} onRetry={() => void recording.refetch()} />
  return (
    <>
      <div className={styles.tools}>
        <span>{t('speed')}</span>
        <Segmented
          size="small"
          value={speed}
          onChange={setSpeed}
          options={SPEEDS.map((each) => ({ value: each, label: `${each} mm/s` }))}
        />
        <span>{t('gain')}</span>
        <Segmented
          size="small"
          value={gain}
          onChange={setGain}
          options={GAINS.map((each) => ({ value: each, label: `${each} mm/mV` }))}
        />
        <span className={styles.hint}>{t('caliper')}</span>
        <a
          className={styles.general}
          href={viewerAddress([study.study_uid])}
          target="_blank"
          rel="noreferrer"
        >
          {t('general')}
        </a>
      </div>
      {recording.data ? (
        <Paper recording={recording.data} speed={speed} gain={gain} />
      ) : (
        <Skeleton active />
      )}
    </>
  )
}

function after(choices: readonly number[], now: number): number {
  return choices[(choices.indexOf(now) + 1) % choices.length] ?? now
}

interface PaperProps {
  recording: Recording
  speed: number
  gain: number
}

function Paper({ recording, speed, gain }: PaperProps) {
  const t = useWords()
  const place = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(place)
  const scale: Scale = { unit: fittingUnit(width, speed), speed, gain }
  const size = paperSize(scale)
  const { unit } = scale
  useEffect(() => {
    const sheet = canvas.current
    const context = sheet?.getContext('2d')
    if (!sheet || !context) return
    const dense = window.devicePixelRatio || 1
    const now: Scale = { unit, speed, gain }
    const { width: w, height: h } = paperSize(now)
    sheet.width = w * dense
    sheet.height = h * dense
    context.scale(dense, dense)
    drawPaper(context, now, PAPER)
    drawTraces(context, recording, now, PAPER)
  }, [recording, unit, speed, gain])
  return (
    <div ref={place} className={styles.place}>
      <div className={styles.sheet} style={{ width: size.width, height: size.height }}>
        <canvas
          ref={canvas}
          className={styles.canvas}
          role="img"
          aria-label={t('label', {
            n: recording.leads.length,
            seconds: recording.seconds.toFixed(0),
            speed,
            gain,
          })}
        />
        <Calipers scale={scale} />
      </div>
    </div>
  )
}

interface Span {
  x: number
  y: number
  dx: number
  dy: number
}

/** Two lines over the paper and what lies between them; a click takes them away. */
function Calipers({ scale }: { scale: Scale }) {
  const t = useWords()
  const [span, setSpan] = useState<Span | null>(null)
  const [dragging, setDragging] = useState(false)
  const begin = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    setDragging(true)
    setSpan({ x: event.nativeEvent.offsetX, y: event.nativeEvent.offsetY, dx: 0, dy: 0 })
  }
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!dragging || span === null) return
    const box = event.currentTarget.getBoundingClientRect()
    setSpan({
      ...span,
      dx: event.clientX - box.left - span.x,
      dy: event.clientY - box.top - span.y,
    })
  }
  const end = () => {
    setDragging(false)
    if (span && Math.abs(span.dx) < 3 && Math.abs(span.dy) < 3) setSpan(null)
  }
  const found = span ? measure(span.dx, span.dy, scale) : null
  return (
    <div className={styles.calipers} onPointerDown={begin} onPointerMove={drag} onPointerUp={end}>
      {span && found ? (
        <div
          className={styles.span}
          style={{
            left: Math.min(span.x, span.x + span.dx),
            top: Math.min(span.y, span.y + span.dy),
            width: Math.abs(span.dx),
            height: Math.abs(span.dy),
          }}
        >
          <output className={styles.reading}>
            {t('interval', { ms: Math.round(found.milliseconds) })}
            {found.perMinute ? ` · ${t('rate', { n: Math.round(found.perMinute) })}` : ''} ·{' '}
            {found.millivolts.toFixed(2)} mV
          </output>
        </div>
      ) : null}
    </div>
  )
}

function useWidth(place: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(900)
  useEffect(() => {
    const node = place.current
    if (!node) return
    const watch = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    watch.observe(node)
    return () => watch.disconnect()
  }, [place])
  return width
}
