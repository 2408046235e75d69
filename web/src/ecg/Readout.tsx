/** The line below the paper: what the caliper says, or how to measure while there is none. */
import { Button } from 'antd'
import { type Caliper, type EcgMeasurement, measure } from './measure'
import styles from './Readout.module.css'
import type { CaliperInHand } from './useCaliper'
import { say, useWords } from './words'

interface Props {
  inHand: CaliperInHand
  filtered: boolean
  onTake?: (caliper: Caliper) => void
}

export function Readout({ inHand, filtered, onTake }: Props) {
  const t = useWords()
  const { caliper, dragging, clear } = inHand
  return (
    <div className={styles.readout}>
      <span className={styles.text} aria-live={dragging ? 'off' : 'polite'}>
        {caliper ? told(caliper, filtered).text : <small>{t('hint')}</small>}
      </span>
      {caliper && onTake ? (
        <Button size="small" type="primary" onClick={() => onTake(caliper)}>
          {t('take')}
        </Button>
      ) : null}
      {caliper ? (
        <Button size="small" type="text" onClick={clear}>
          {t('clear')}
        </Button>
      ) : null}
    </div>
  )
}

/** A caliper in figures and in words. */
export function told(caliper: Caliper, filtered: boolean): EcgMeasurement {
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

export function signed(mv: number): string {
  return `${mv > 0 ? '+' : mv < 0 ? '−' : ''}${Math.abs(mv).toFixed(2)}`
}
