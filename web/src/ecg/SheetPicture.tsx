/**
 * One sheet as an SVG whose user unit is the millimetre, so one number scales both axes.
 *
 * Drawn anew only when the sheet changes; zooming redraws nothing.
 */
import { memo, useMemo } from 'react'
import { pick } from '../shared/words'
import type { Cell, Sheet } from './paper'
import styles from './SheetPicture.module.css'
import { boundaryPath, gridPath, pulsePath, type Trace, traceOf } from './trace'
import type { Lead, Signal } from './waveform'
import { STATUS, useWords } from './words'

interface Props {
  sheet: Sheet
  signal: Signal
  pxPerMm: number
  described: string
  /** Null while no display filter is on. */
  filterWords: string | null
}

export function SheetPicture({ sheet, signal, pxPerMm, described, filterWords }: Props) {
  // Letters keep a readable size on the screen, whatever a millimetre is.
  const letter = Math.max(2.8, 12 / pxPerMm)
  return (
    <svg
      className={styles.picture}
      viewBox={`0 0 ${sheet.width} ${sheet.height}`}
      width={sheet.width * pxPerMm}
      height={sheet.height * pxPerMm}
      role="img"
      aria-label={described}
      fontSize={letter}
    >
      <Ground sheet={sheet} fine={pxPerMm >= 2.5} />
      <Traces sheet={sheet} signal={signal} />
      <Labels sheet={sheet} signal={signal} letter={letter} />
      <Footer sheet={sheet} letter={letter} filterWords={filterWords} />
    </svg>
  )
}

const Ground = memo(function Ground({ sheet, fine }: { sheet: Sheet; fine: boolean }) {
  return (
    <>
      <rect className={styles.ground} width={sheet.width} height={sheet.height} />
      {fine ? <path className={styles.fine} d={gridPath(sheet, 1)} /> : null}
      <path className={styles.bold} d={gridPath(sheet, 5)} />
    </>
  )
})

interface TracesProps {
  sheet: Sheet
  signal: Signal
}

const Traces = memo(function Traces({ sheet, signal }: TracesProps) {
  const drawn = useMemo(
    () =>
      sheet.rows.flatMap((row) =>
        row.cells.flatMap((cell) => {
          const lead = signal.leads.get(cell.lead)
          return lead ? [{ cell, trace: traceOf(cell, lead, signal.rate) }] : []
        }),
      ),
    [sheet, signal],
  )
  return (
    <>
      {sheet.rows.map((row) => (
        <path
          key={row.baseline}
          className={styles.trace}
          data-pulse
          d={pulsePath(sheet, row.baseline)}
        />
      ))}
      <path className={styles.trace} d={boundaryPath(sheet)} />
      {drawn.map(({ cell, trace }) => (
        <g key={`${cell.baseline} ${cell.x0}`}>
          <path className={styles.trace} data-lead={cell.lead} d={trace.line} />
          <Marks cell={cell} trace={trace} />
        </g>
      ))}
    </>
  )
})

/** What the line could not show: cut at the edge of its row, or clipped by the device. */
function Marks({ cell, trace }: { cell: Cell; trace: Trace }) {
  const t = useWords()
  return (
    <>
      {trace.beyond.map(({ x, side }) => {
        const [edge, inward] = side === 'top' ? [cell.top, 2.4] : [cell.bottom, -2.4]
        return (
          <g key={`${side} ${x}`} className={styles.mark}>
            <title>{t('beyondHelp')}</title>
            <path d={`M${x} ${edge}l1.4 ${inward}h-2.8z`} />
          </g>
        )
      })}
      {trace.saturated.map(({ from, to, y }) => (
        <g key={from} className={styles.mark}>
          <title>{t('saturatedHelp')}</title>
          <rect x={from - 0.5} width={to - from + 1} y={y - 0.4} height={0.8} />
          <text x={to + 1} y={y + 1}>
            {t('saturated')}
          </text>
        </g>
      ))}
    </>
  )
}

interface LabelsProps extends TracesProps {
  letter: number
}

function Labels({ sheet, signal, letter }: LabelsProps) {
  const t = useWords()
  return sheet.rows.flatMap((row) =>
    row.cells.map((cell) => {
      const lead = signal.leads.get(cell.lead)
      const y = cell.top + letter + 0.5
      return (
        <text key={`${cell.baseline} ${cell.x0}`} className={styles.label} x={cell.x0 + 1} y={y}>
          {lead ? (
            <>
              {cell.lead}
              <tspan className={styles.remark}>{remarks(cell, lead, t)}</tspan>
            </>
          ) : (
            <tspan className={styles.remark}>{t('missing', { lead: cell.lead })}</tspan>
          )}
        </text>
      )
    }),
  )
}

function remarks(cell: Cell, lead: Lead, t: ReturnType<typeof useWords>): string {
  const moved = Math.round(cell.offsetMv * 100) / 100
  return [
    lead.mv === null ? t('uncalibrated', { lead: '' }).trim() : '',
    lead.channel.disputed ? t('disputed') : '',
    cell.offsetMv === 0 ? '' : t('shifted', { mv: moved > 0 ? `+${moved}` : moved }),
    ...lead.channel.status.map(statusWords),
  ]
    .filter(Boolean)
    .map((each) => ` · ${each}`)
    .join('')
}

function statusWords(status: string): string {
  const [zh, en] = STATUS[status] ?? [status, status]
  return pick({ zh, en })
}

interface FooterProps {
  sheet: Sheet
  letter: number
  filterWords: string | null
}

/** Speed, gain and filter on the sheet itself, as a recorder prints them. */
function Footer({ sheet, letter, filterWords }: FooterProps) {
  const t = useWords()
  const { speed, gain } = sheet.settings
  const usual = speed === 25 && gain === 10
  const y = sheet.height - 5 + letter / 3
  return (
    <text className={styles.label} x={5} y={y} xmlSpace="preserve">
      {t('footer', { speed, gain })}
      {usual ? null : <tspan className={styles.remark}>{`（${t('unusual')}）`}</tspan>}
      {'   '}
      {filterWords === null ? (
        t('footerUnfiltered')
      ) : (
        <tspan className={styles.remark}>{filterWords}</tspan>
      )}
    </text>
  )
}
