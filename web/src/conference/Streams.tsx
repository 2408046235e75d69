/**
 * The pictures of an operation, side by side with their labels; either can be put large. The
 * operating side chooses here from where each comes.
 */
import { CompressOutlined, ExpandOutlined } from '@ant-design/icons'
import { App, Button, Select, Tooltip } from 'antd'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { usePageKeys } from '../shared/keys'
import type { ConferenceOut } from '../shared/schema'
import { pick } from '../shared/words'
import type { Local } from './local'
import styles from './Streams.module.css'
import type { Member } from './signal'
import { SCREEN, type Shown, shownOf } from './streams'
import { Bars, Picture } from './Tile'
import type { Remote } from './transport'
import { useWords } from './words'

interface Props {
  conference: ConferenceOut
  members: readonly Member[]
  me: string | null
  local: Local
  remotes: ReadonlyMap<string, Remote>
  stills: ReadonlyMap<string, string>
}

export function Streams(props: Props) {
  const t = useWords()
  const { conference } = props
  const [large, setLarge] = useState<string | null>(null)
  const toggle = (code: string) => setLarge((now) => (now === code ? null : code))
  usePageKeys(
    conference.streams.map((one, place) => ({
      combo: String(place + 1),
      label: t('enlarge', { name: pick(one.label) }),
      run: () => toggle(one.value),
    })),
  )
  return (
    <section
      className={`${styles.streams} ${large === null ? '' : styles.one}`}
      aria-label={t('streams')}
    >
      {conference.streams.map((one, place) => (
        <Stream
          key={one.value}
          {...props}
          code={one.value}
          label={pick(one.label)}
          place={place}
          large={large === one.value}
          onLarge={() => toggle(one.value)}
        />
      ))}
    </section>
  )
}

interface OneProps extends Props {
  code: string
  label: string
  place: number
  large: boolean
  onLarge: () => void
}

function Stream(props: OneProps) {
  const t = useWords()
  const { conference, members, me, local, remotes, code, label, place, large, onLarge } = props
  const shown = shownOf(code, place, members, remotes)
  const mine = shown?.member.id === me
  const own = useSyncExternalStore(local.watch, () =>
    place === 0 ? local.camera : (local.extras[place - 1] ?? null),
  )
  const sender = conference.members.find((one) => one.person_id === shown?.member.person_id)
  const quality = shown ? remotes.get(shown.member.id)?.quality : undefined
  const words = t(large ? 'alike' : 'enlarge', { name: label })
  return (
    <figure
      className={`${styles.stream} ${large ? styles.large : ''}`}
      data-stream={code}
      data-state={shown?.state ?? 'none'}
    >
      <Face {...props} shown={shown} own={mine ? own : null} />
      <figcaption className={styles.caption}>
        <b className={styles.label}>{label}</b>
        <span className={styles.from}>{sender ? sender.name : ''}</span>
        {shown && !mine ? <Bars quality={quality ?? 'unknown'} /> : null}
        {conference.sends_streams && (shown === null || mine) ? (
          <SourceChoice local={local} place={place} label={label} />
        ) : null}
        <Tooltip title={`${words} (${place + 1})`}>
          <Button
            size="small"
            aria-label={words}
            aria-pressed={large}
            icon={large ? <CompressOutlined /> : <ExpandOutlined />}
            onClick={onLarge}
          />
        </Tooltip>
      </figcaption>
    </figure>
  )
}

/** The picture, or why there is none. */
function Face(props: OneProps & { shown: Shown | null; own: MediaStreamTrack | null }) {
  const t = useWords()
  const { conference, shown, own, stills, place, label } = props
  const track = useOwn(own)
  if (shown === null)
    return (
      <p className={styles.none}>{t(conference.sends_streams ? 'chooseSource' : 'streamWaits')}</p>
    )
  if (shown.state === 'thin')
    return (
      <p className={styles.none} role="status">
        {t('streamThin', { name: label })}
      </p>
    )
  const stream = track ?? shown.stream
  if (shown.member.mode === 'video' && stream !== null) return <Picture stream={stream} whole />
  const still = place === 0 ? stills.get(shown.member.id) : undefined
  if (still !== undefined) return <img className={styles.still} src={still} alt={label} />
  return <p className={styles.none}>{t('streamWaits')}</p>
}

function useOwn(track: MediaStreamTrack | null): MediaStream | null {
  const [stream, setStream] = useState<MediaStream | null>(null)
  useEffect(() => setStream(track === null ? null : new MediaStream([track])), [track])
  return stream
}

/** From which camera, or the screen, a picture is sent. */
function SourceChoice(props: { local: Local; place: number; label: string }) {
  const t = useWords()
  const { message } = App.useApp()
  const { local, place, label } = props
  const source = useSyncExternalStore(local.watch, () => local.sources[place] ?? null)
  const cameras = useCameras(local)
  const choose = async (value: string | undefined) => {
    const sent = await local.setSource(place, value ?? null)
    if (value !== undefined && !sent) void message.warning(t('noSource'))
  }
  return (
    <Select<string>
      size="small"
      className={styles.source}
      aria-label={t('sourceOf', { name: label })}
      placeholder={t('sourceOf', { name: label })}
      allowClear
      popupMatchSelectWidth={false}
      value={source}
      options={[
        ...cameras.map((one, n) => ({
          value: one.deviceId,
          label: one.label || `${t('camera')} ${n + 1}`,
        })),
        { value: SCREEN, label: t('fromScreen') },
      ]}
      onChange={(value: string | undefined) => void choose(value)}
    />
  )
}

/** The cameras there are; their names are told once one of them was opened. */
function useCameras(local: Local): readonly MediaDeviceInfo[] {
  const [found, setFound] = useState<readonly MediaDeviceInfo[]>([])
  const opened = useSyncExternalStore(local.watch, () => local.camera !== null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a camera that opens tells the names.
  useEffect(() => {
    const { mediaDevices } = navigator
    if (mediaDevices === undefined) return
    const look = async () => {
      const all = await mediaDevices.enumerateDevices()
      setFound(all.filter((one) => one.kind === 'videoinput' && one.deviceId !== ''))
    }
    void look()
    mediaDevices.addEventListener('devicechange', look)
    return () => mediaDevices.removeEventListener('devicechange', look)
  }, [opened])
  return found
}
