/** What the cardiograph says of itself: its measurements, its sentence, how it sampled. */
import { Tag, Tooltip } from 'antd'
import styles from './MachineLine.module.css'
import { type MachineValue, QUANTITIES, type Quantity } from './machine'
import { deviceFilter, type Recording } from './waveform'
import { say, useWords } from './words'

/** Below this the fine detail of a resting ECG is not there (500 samples per second are usual). */
const USUAL_RATE = 500

export function MachineLine({ recording }: { recording: Recording }) {
  const t = useWords()
  const { values, others, sentences } = recording.notes
  const known = QUANTITIES.flatMap((quantity) => {
    const value = values[quantity]
    return value ? [{ quantity, value }] : []
  })
  const empty = known.length + others.length + sentences.length === 0
  return (
    <div className={styles.line}>
      <Tooltip title={t('machineHelp')}>
        <Tag className={styles.tag}>{t('machine')}</Tag>
      </Tooltip>
      {empty ? <span className={styles.quiet}>{t('machineNone')}</span> : null}
      <dl className={styles.values} aria-label={t('machineHelp')}>
        {known.map(({ quantity, value }) => (
          <div key={quantity}>
            <dt title={value.method}>{t(quantity)}</dt>
            <dd>{figure(quantity, value)}</dd>
          </div>
        ))}
        {others.map((other) => (
          <div key={other.name}>
            <dt>{other.name}</dt>
            <dd>{`${other.value} ${other.unit}`}</dd>
          </div>
        ))}
      </dl>
      {sentences.length > 0 ? (
        <span className={styles.sentence} title={t('machineHelp')}>
          “{sentences.join('；')}”
        </span>
      ) : null}
      <span className={styles.sampling}>{sampling(recording)}</span>
      {recording.rate > 0 && recording.rate < USUAL_RATE ? (
        <Tooltip title={t('slowSampling')}>
          <Tag color="warning">{t('slow')}</Tag>
        </Tooltip>
      ) : null}
    </div>
  )
}

function figure(quantity: Quantity, { value, unit }: MachineValue): string {
  if (quantity === 'rate') return `${value} ${say('perMinute')}`
  return unit === 'deg' || quantity === 'axis' ? `${value}°` : `${value} ${unit || 'ms'}`
}

function sampling(recording: Recording): string {
  const seconds = recording.rate > 0 ? recording.count / recording.rate : 0
  const at = recording.takenAt.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/)
  return [
    say('sampled', { rate: recording.rate, seconds: Math.round(seconds * 10) / 10 }),
    deviceWords(recording),
    at ? say('takenAt', { at: `${at[1]}-${at[2]}-${at[3]} ${at[4]}:${at[5]}:${at[6]}` }) : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

function deviceWords(recording: Recording): string {
  const { low, high, notch } = deviceFilter(recording)
  if (low === null && high === null && notch === null) return say('deviceUnknown')
  const band = `${low ?? '?'}–${high ?? '?'} Hz`
  return [say('device', { band }), notch ? say('deviceNotch', { hz: notch }) : '']
    .filter(Boolean)
    .join('，')
}
