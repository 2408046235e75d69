/** The controls of the strip: one row of small things, each with its key in the tooltip. */
import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Segmented, Select, Tooltip } from 'antd'
import type { ReactNode } from 'react'
import { GAINS, LAYOUTS, SHEET_SECONDS, SPEEDS, USUAL } from './paper'
import { ScreenScale } from './ScreenScale'
import styles from './Toolbar.module.css'
import type { Strip } from './useStrip'
import type { Recording } from './waveform'
import { type say, useWords } from './words'

interface Turning {
  from: number
  all: number
  onTurn: (from: number) => void
}

interface Props {
  strip: Strip
  recording: Recording
  recordings: readonly Recording[]
  onChoose: (key: string) => void
  page: Turning | null
}

export function Toolbar({ strip, recording, recordings, onChoose, page }: Props) {
  const t = useWords()
  const { view, change, set } = strip
  const { settings, filters } = view
  return (
    <div className={styles.tools} role="toolbar" aria-label={t('tools')}>
      {recordings.length > 1 ? (
        <Select
          size="small"
          className={styles.which}
          aria-label={t('recording')}
          value={recording.key}
          onChange={onChoose}
          options={recordings.map((each, at) => ({
            value: each.key,
            label: nameOf(each, at, t),
          }))}
        />
      ) : null}
      <Group help={t('keySpeed')} unit="mm/s" keys="[ ]" unusual={settings.speed !== USUAL.speed}>
        <Segmented
          size="small"
          aria-label={t('speed')}
          value={settings.speed}
          onChange={(speed) => set({ speed })}
          options={[...SPEEDS]}
        />
      </Group>
      <Group help={t('keyGain')} unit="mm/mV" keys="- =" unusual={settings.gain !== USUAL.gain}>
        <Segmented
          size="small"
          aria-label={t('gain')}
          value={settings.gain}
          onChange={(gain) => set({ gain })}
          options={[...GAINS]}
        />
      </Group>
      <Group help={t('keyLayout')} keys="L">
        <Segmented
          size="small"
          aria-label={t('layout')}
          value={settings.layout}
          onChange={(layout) => set({ layout })}
          options={LAYOUTS.map((value) => ({ value, label: t(`layout${value}`) }))}
        />
      </Group>
      <Group label={t('filters')}>
        <Toggle
          alters
          on={filters.wander}
          label={t('wander')}
          help={t('wanderHelp')}
          onSwitch={(wander) => change({ filters: { ...filters, wander } })}
        />
        <Toggle
          alters
          on={filters.mains}
          label={t('mains')}
          help={t('mainsHelp')}
          onSwitch={(mains) => change({ filters: { ...filters, mains } })}
        />
      </Group>
      <Group>
        <Toggle
          on={view.snap}
          label={t('snap')}
          help={t('snapHelp')}
          onSwitch={(snap) => change({ snap })}
        />
        <Toggle
          on={view.march}
          label={t('march')}
          help={t('marchHelp')}
          onSwitch={(march) => change({ march })}
        />
      </Group>
      <Group keys="Z" help={t('keyZoom')}>
        <Segmented
          size="small"
          aria-label={t('zoom')}
          value={view.trueSize}
          onChange={(trueSize) => change({ trueSize })}
          options={[
            { value: false, label: t('fit') },
            { value: true, label: t('trueSize') },
          ]}
        />
        <ScreenScale strip={strip} />
      </Group>
      {page ? <Pages {...page} /> : null}
    </div>
  )
}

interface GroupProps {
  label?: string
  help?: string
  unit?: string
  keys?: string
  /** Another scale than the usual one: said in colour beside the number. */
  unusual?: boolean
  children: ReactNode
}

function Group({ label, help, unit, keys, unusual, children }: GroupProps) {
  return (
    <div
      className={styles.group}
      data-unusual={unusual || undefined}
      title={keys ? `${help} ${keys}` : undefined}
    >
      {label ? <span className={styles.label}>{label}</span> : null}
      {children}
      {unit ? <span className={styles.label}>{unit}</span> : null}
    </div>
  )
}

interface ToggleProps {
  /** It changes the trace itself, so it warns while it is on. */
  alters?: boolean
  on: boolean
  label: string
  help: string
  onSwitch: (on: boolean) => void
}

function Toggle({ on, alters, label, help, onSwitch }: ToggleProps) {
  return (
    <Tooltip title={help}>
      <Button
        size="small"
        className={on && alters ? styles.altering : undefined}
        color={on ? 'primary' : 'default'}
        variant={on ? 'solid' : 'outlined'}
        aria-pressed={on}
        onClick={() => onSwitch(!on)}
      >
        {label}
      </Button>
    </Tooltip>
  )
}

function Pages({ from, all, onTurn }: Turning) {
  const t = useWords()
  const last = Math.max(0, all - SHEET_SECONDS)
  const shown = (seconds: number) => Math.round(seconds * 10) / 10
  return (
    <Group>
      <Button
        size="small"
        icon={<LeftOutlined />}
        aria-label={t('earlier')}
        disabled={from <= 0}
        onClick={() => onTurn(Math.max(0, from - SHEET_SECONDS))}
      />
      <span className="tabular">
        {t('span', { from: shown(from), to: shown(from + SHEET_SECONDS), all: shown(all) })}
      </span>
      <Button
        size="small"
        icon={<RightOutlined />}
        aria-label={t('later')}
        disabled={from >= last}
        onClick={() => onTurn(Math.min(last, from + SHEET_SECONDS))}
      />
    </Group>
  )
}

function nameOf(recording: Recording, at: number, t: typeof say): string {
  return t('recordingName', {
    label: recording.label || t('unnamed', { n: at + 1 }),
    n: recording.channels.length,
    seconds: recording.rate > 0 ? Math.round((recording.count / recording.rate) * 10) / 10 : 0,
  })
}
