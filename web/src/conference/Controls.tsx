/** The bar below: everything one does about oneself, each with a key. */
import {
  AudioMutedOutlined,
  AudioOutlined,
  CommentOutlined,
  DesktopOutlined,
  FieldTimeOutlined,
  FileTextOutlined,
  LogoutOutlined,
  MessageOutlined,
  SettingOutlined,
  TeamOutlined,
  VideoCameraAddOutlined,
  VideoCameraOutlined,
} from '@ant-design/icons'
import { Badge, Button, Checkbox, Popover, Radio, Tooltip } from 'antd'
import { type ReactNode, useSyncExternalStore } from 'react'
import { usePageKeys } from '../shared/keys'
import styles from './Controls.module.css'
import { Hand } from './Hand'
import type { Local, Picture } from './local'
import type { Mode, Signal } from './signal'
import { useWords } from './words'

export type PanelKey = 'advice' | 'people' | 'chat' | 'record'

interface Props {
  /** Whether one only watches: nothing is sent, so that there is nothing to switch. */
  watches: boolean
  /** Where an operation is guided: whether the case has the place of its pictures. */
  guided: { advice: boolean; withCase: boolean; onCase: () => void } | null
  signal: Signal
  local: Local
  hand: boolean
  panel: PanelKey | null
  unread: number
  onPanel: (panel: PanelKey | null) => void
  onLeave: () => void
}

export function Controls(props: Props) {
  const { panel, unread, onPanel, onLeave } = props
  const t = useWords()
  const toggle = (key: PanelKey) => () => onPanel(panel === key ? null : key)
  usePageKeys([
    ...(props.guided?.advice ? [{ combo: 'a', label: t('advice'), run: toggle('advice') }] : []),
    ...(props.guided ? [{ combo: 'k', label: t('caseOf'), run: props.guided.onCase }] : []),
    { combo: 'p', label: t('people'), run: toggle('people') },
    { combo: 'c', label: t('chat'), run: toggle('chat') },
    { combo: 'r', label: t('record'), run: toggle('record') },
  ])
  return (
    <div className={styles.bar} role="toolbar" aria-label={t('controls')}>
      {props.watches ? null : <Own {...props} />}
      <span className={styles.gap} />
      {props.guided ? (
        <One label={t('caseOf')} hint="K" on={props.guided.withCase} onClick={props.guided.onCase}>
          <FileTextOutlined />
        </One>
      ) : null}
      {props.guided?.advice ? (
        <One label={t('advice')} hint="A" on={panel === 'advice'} onClick={toggle('advice')}>
          <CommentOutlined />
        </One>
      ) : null}
      <One label={t('people')} hint="P" on={panel === 'people'} onClick={toggle('people')}>
        <TeamOutlined />
      </One>
      <One label={t('chat')} hint="C" on={panel === 'chat'} onClick={toggle('chat')}>
        <Badge count={unread} size="small" offset={[4, -2]}>
          <MessageOutlined className={styles.icon} />
        </Badge>
      </One>
      <One label={t('record')} hint="R" on={panel === 'record'} onClick={toggle('record')}>
        <FieldTimeOutlined />
      </One>
      <Button
        danger
        type="primary"
        className={styles.one ?? ''}
        aria-label={t('leave')}
        onClick={onLeave}
      >
        <LogoutOutlined />
        <span className={styles.goodbye}>{t('leave')}</span>
      </Button>
    </div>
  )
}

/** What one sends, and how. */
function Own({ signal, local, hand }: Props) {
  const t = useWords()
  const muted = useSyncExternalStore(local.watch, () => local.muted || local.audio === null)
  const camera = useSyncExternalStore(local.watch, () => local.camera !== null)
  const sharing = useSyncExternalStore(local.watch, () => local.screen !== null)
  const mute = () => local.setMuted(!local.muted)
  const film = () => void local.setCamera(!camera)
  const share = () => (sharing ? local.unshare() : void local.share())
  const raise = () => signal.set({ hand: !hand })
  usePageKeys([
    { combo: 'm', label: muted ? t('unmute') : t('mute'), run: mute },
    { combo: 'v', label: camera ? t('turnCameraOff') : t('cameraOn'), run: film },
    { combo: 's', label: sharing ? t('unshare') : t('share'), run: share },
    { combo: 'h', label: hand ? t('lower') : t('raise'), run: raise },
  ])
  return (
    <>
      <One label={muted ? t('unmute') : t('mute')} hint="M" off={muted} onClick={mute}>
        {muted ? <AudioMutedOutlined /> : <AudioOutlined />}
      </One>
      <One
        label={camera ? t('turnCameraOff') : t('cameraOn')}
        hint="V"
        off={!camera}
        onClick={film}
      >
        {camera ? <VideoCameraOutlined /> : <VideoCameraAddOutlined />}
      </One>
      <One label={sharing ? t('unshare') : t('share')} hint="S" on={sharing} onClick={share}>
        <DesktopOutlined />
      </One>
      <One label={hand ? t('lower') : t('raise')} hint="H" on={hand} onClick={raise}>
        <Hand />
      </One>
      <Settings local={local} />
    </>
  )
}

interface OneProps {
  label: string
  hint: string
  on?: boolean
  off?: boolean
  onClick: () => void
  children: ReactNode
}

function One({ label, hint, on = false, off = false, onClick, children }: OneProps) {
  return (
    <Tooltip title={`${label} (${hint})`}>
      <Button
        className={`${styles.one} ${off ? styles.off : ''} ${on ? styles.on : ''}`}
        aria-label={label}
        aria-pressed={on || off}
        onClick={onClick}
      >
        {children}
        <span className={styles.label}>{label}</span>
      </Button>
    </Tooltip>
  )
}

const MODES: readonly Mode[] = ['video', 'still', 'audio', 'phone']
const PICTURES: readonly Picture[] = ['high', 'standard', 'low']

function Settings({ local }: { local: Local }) {
  const t = useWords()
  return (
    <Popover
      trigger="click"
      content={
        <div className={styles.settings}>
          <ModeChoice local={local} />
          <PictureChoice local={local} />
          <AdaptsChoice local={local} />
        </div>
      }
    >
      <Button className={styles.one} aria-label={t('more')}>
        <SettingOutlined />
        <span className={styles.label}>{t('more')}</span>
      </Button>
    </Popover>
  )
}

export function ModeChoice({ local }: { local: Local }) {
  const t = useWords()
  const mode = useSyncExternalStore(local.watch, () => local.mode)
  return (
    <fieldset className={styles.choice}>
      <legend>{t('takePart')}</legend>
      <Radio.Group
        value={mode}
        onChange={(event) => void local.setMode(event.target.value as Mode)}
        options={MODES.map((value) => ({ value, label: t(value) }))}
      />
    </fieldset>
  )
}

function AdaptsChoice({ local }: { local: Local }) {
  const t = useWords()
  const adapts = useSyncExternalStore(local.watch, () => local.adapts)
  return (
    <Checkbox checked={adapts} onChange={(event) => local.setAdapts(event.target.checked)}>
      {t('adapts')}
    </Checkbox>
  )
}

export function PictureChoice({ local }: { local: Local }) {
  const t = useWords()
  const picture = useSyncExternalStore(local.watch, () => local.picture)
  return (
    <fieldset className={styles.choice}>
      <legend>{t('picture')}</legend>
      <Radio.Group
        value={picture}
        onChange={(event) => void local.setPicture(event.target.value as Picture)}
        options={PICTURES.map((value) => ({ value, label: t(value) }))}
      />
    </fieldset>
  )
}
