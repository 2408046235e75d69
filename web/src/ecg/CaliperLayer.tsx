/**
 * The calipers over the paper: two lines, two levels, and the figures beside the end in the hand.
 *
 * It lies above the picture as a layer of its own, so moving it redraws no trace.
 */
import styles from './CaliperLayer.module.css'
import { type Caliper, marches, measure } from './measure'
import { type Cell, type Sheet, xOf, yOf } from './paper'
import { signed } from './Readout'
import type { CaliperInHand } from './useCaliper'
import { useWords } from './words'

interface Props {
  sheet: Sheet
  pxPerMm: number
  march: boolean
  inHand: CaliperInHand
}

export function CaliperLayer({ sheet, pxPerMm, march, inHand }: Props) {
  const t = useWords()
  const { caliper, cell, active, handlers } = inHand
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
        <svg
          className={styles.picture}
          viewBox={`0 0 ${sheet.width} ${sheet.height}`}
          fontSize={Math.max(2.8, 13 / pxPerMm)}
          aria-hidden
        >
          {march ? <Marches cell={cell} caliper={caliper} /> : null}
          <Ends cell={cell} caliper={caliper} active={active} />
          <Figures sheet={sheet} cell={cell} caliper={caliper} />
        </svg>
      ) : null}
    </div>
  )
}

function Marches({ cell, caliper }: { cell: Cell; caliper: Caliper }) {
  return marches(cell, caliper).map((time) => (
    <path
      key={time}
      className={styles.march}
      d={`M${xOf(cell, time)} ${cell.top + 3}V${cell.bottom - 1}`}
    />
  ))
}

interface EndsProps {
  cell: Cell
  caliper: Caliper
  active: 'from' | 'to'
}

function Ends({ cell, caliper, active }: EndsProps) {
  return (['from', 'to'] as const).map((end) => {
    const x = xOf(cell, caliper[end].time)
    const y = yOf(cell, caliper[end].mv)
    return (
      <g key={end} className={styles.end} data-active={end === active || undefined}>
        <path d={`M${x} ${cell.top}V${cell.bottom}`} />
        <path d={`M${cell.x0} ${y}H${cell.x1}`} className={styles.level} />
        <circle cx={x} cy={y} r={1.1} />
      </g>
    )
  })
}

/** Beside the lines, on the side where the sheet has room. */
function Figures({ sheet, cell, caliper }: { sheet: Sheet; cell: Cell; caliper: Caliper }) {
  const { ms, mv } = measure(caliper)
  const [left = 0, right = 0] = [caliper.from, caliper.to]
    .map((end) => xOf(cell, end.time))
    .sort((a, b) => a - b)
  const after = right < sheet.width * 0.8
  return (
    <text
      className={styles.figures}
      x={after ? right + 1.2 : left - 1.2}
      y={cell.bottom - 1}
      textAnchor={after ? 'start' : 'end'}
    >
      {`${ms} ms  ${signed(mv)} mV`}
    </text>
  )
}
