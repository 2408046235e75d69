/**
 * The calipers over the paper: drawn by dragging, moved by hand or by keys, read aloud.
 *
 * It lies above the picture as a layer of its own, so moving it redraws no trace.
 */
import { Button } from 'antd'
import styles from './CaliperLayer.module.css'
import { type Caliper, type EcgMeasurement, type Handle, marches, measure } from './measure'
import { type Cell, type Sheet, xOf, yOf } from './paper'
import { type Ground, useCaliper } from './useCaliper'
import { say, useWords } from './words'

interface Props extends Ground {
  march: boolean
  filtered: boolean
  onMeasure?: (measurement: EcgMeasurement) => void
}

export function CaliperLayer(props: Props) {
  const { sheet, pxPerMm, march, filtered, onMeasure } = props
  const t = useWords()
  const take = (caliper: Caliper) => onMeasure?.(told(caliper, filtered))
  const { caliper, cell, active, dragging, clear, handlers } = useCaliper(props, take)
  return (
    <div
      className={styles.layer}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: measured with the arrow keys.
      tabIndex={0}
      aria-label={t('paper')}
      aria-description={t('hint')}
      {...handlers}
    >
      {caliper && cell ? (
        <>
          <Picture sheet={sheet} cell={cell} caliper={caliper} active={active} march={march} />
          <Readout
            caliper={caliper}
            cell={cell}
            sheet={sheet}
            pxPerMm={pxPerMm}
            filtered={filtered}
            quiet={dragging}
            onTake={onMeasure ? () => take(caliper) : undefined}
            onClear={clear}
          />
        </>
      ) : null}
    </div>
  )
}

function told(caliper: Caliper, filtered: boolean): EcgMeasurement {
  const measured = measure(caliper)
  const { lead, ms, bpm } = measured
  const mv = signed(measured.mv)
  const words =
    bpm === null ? say('measured', { lead, ms, mv }) : say('measuredRate', { lead, ms, mv, bpm })
  return {
    ...measured,
    filtered,
    text: filtered ? say('measuredFiltered', { text: words }) : words,
  }
}

function signed(mv: number): string {
  return `${mv > 0 ? '+' : mv < 0 ? '−' : ''}${Math.abs(mv).toFixed(2)}`
}

interface PictureProps {
  sheet: Sheet
  cell: Cell
  caliper: Caliper
  active: Handle
  march: boolean
}

function Picture({ sheet, cell, caliper, active, march }: PictureProps) {
  const ends = (['from', 'to'] as const).map((end) => ({
    end,
    x: xOf(cell, caliper[end].time),
    y: yOf(cell, caliper[end].mv),
  }))
  return (
    <svg className={styles.picture} viewBox={`0 0 ${sheet.width} ${sheet.height}`} aria-hidden>
      {march
        ? marches(cell, caliper).map((time) => (
            <path
              key={time}
              className={styles.march}
              d={`M${xOf(cell, time)} ${cell.top + 3}V${cell.bottom - 1}`}
            />
          ))
        : null}
      {ends.map(({ end, x, y }) => (
        <g key={end} className={styles.end} data-active={end === active || undefined}>
          <path d={`M${x} ${cell.top}V${cell.bottom}`} />
          <path d={`M${cell.x0} ${y}H${cell.x1}`} className={styles.level} />
          <circle cx={x} cy={y} r={1.1} />
        </g>
      ))}
    </svg>
  )
}

interface ReadoutProps {
  caliper: Caliper
  cell: Cell
  sheet: Sheet
  pxPerMm: number
  filtered: boolean
  /** While dragging nothing is read aloud. */
  quiet: boolean
  onTake?: () => void
  onClear: () => void
}

function Readout(props: ReadoutProps) {
  const { caliper, cell, sheet, pxPerMm, filtered, quiet, onTake, onClear } = props
  const t = useWords()
  const { text } = told(caliper, filtered)
  const x = Math.min(xOf(cell, caliper.from.time), xOf(cell, caliper.to.time))
  const rightHalf = x > sheet.width / 2
  return (
    <div
      className={styles.readout}
      style={{
        top: cell.bottom * pxPerMm,
        ...(rightHalf
          ? { right: Math.max(0, (sheet.width - cell.x1) * pxPerMm) }
          : { left: x * pxPerMm }),
      }}
      onPointerDown={(event) => event.stopPropagation()}
    >
      <span className="tabular" aria-live={quiet ? 'off' : 'polite'}>
        {text}
      </span>
      {onTake ? (
        <Button size="small" type="primary" onClick={onTake}>
          {t('take')}
        </Button>
      ) : null}
      <Button size="small" type="text" onClick={onClear}>
        {t('clear')}
      </Button>
    </div>
  )
}
