/** One member on the screen: picture or initials, name and institution, and how they are. */
import { AudioMutedOutlined, DesktopOutlined, PhoneOutlined, WifiOutlined } from '@ant-design/icons'
import { useEffect, useRef } from 'react'
import { Hand } from './Hand'
import type { Quality } from './line'
import type { Member } from './signal'
import styles from './Tile.module.css'
import type { Remote } from './transport'
import { useWords } from './words'

interface Props {
  member: Member
  name: string
  place: string
  mine: boolean
  camera: MediaStream | null
  still: string | undefined
  /** Whether one's own line carries no moving pictures of others. */
  thin: boolean
  remote: Remote | undefined
}

export function Tile(props: Props) {
  const t = useWords()
  const { member, name, mine, remote } = props
  const dropped = member.state === 'dropped' || (!mine && remote?.state === 'lost')
  const speaking = remote?.speaking === true && !member.muted
  return (
    <figure
      className={`${styles.tile} ${speaking ? styles.speaks : ''}`}
      data-member={member.person_id}
      data-state={dropped ? 'dropped' : member.state}
    >
      <Face {...props} />
      {dropped ? (
        <span className={styles.away}>
          {t(member.state === 'dropped' ? 'dropped' : 'lineLost')}
        </span>
      ) : null}
      {member.hand ? (
        <span className={styles.hand} aria-hidden>
          <Hand />
        </span>
      ) : null}
      <figcaption className={styles.caption}>
        {member.muted ? <AudioMutedOutlined aria-hidden /> : null}
        {member.sharing ? <DesktopOutlined aria-label={t('isSharing')} /> : null}
        <span className={styles.name}>
          {name}
          {mine ? t('mine') : ''}
        </span>
        <span className={styles.place}>{props.place}</span>
        {mine ? null : <Bars quality={remote?.quality ?? 'unknown'} />}
        <Marks member={member} speaking={speaking} />
      </figcaption>
    </figure>
  )
}

/** The picture that moves, the latest still one, or the first character of the name. */
function Face({ member, name, mine, camera, still, thin }: Props) {
  const moves = mine || (member.mode === 'video' && !thin)
  if (camera !== null && member.camera && moves) return <Picture stream={camera} mirrored={mine} />
  if (still && member.camera && !moves && member.mode !== 'audio')
    return <img className={styles.picture} src={still} alt={name} />
  return (
    <span className={styles.initial} aria-hidden>
      {member.mode === 'phone' ? <PhoneOutlined /> : name.slice(0, 1)}
    </span>
  )
}

/** For those who hear the page instead of seeing it. */
function Marks({ member, speaking }: { member: Member; speaking: boolean }) {
  const t = useWords()
  const marks = [
    ...(member.hand ? [t('handUp')] : []),
    ...(member.muted ? [t('isMuted')] : []),
    ...(member.camera ? [] : [t('cameraOff')]),
    ...(speaking ? [t('speaking')] : []),
  ]
  return <span className={styles.hidden}>{marks.join('，')}</span>
}

const QUALITIES = {
  good: 'qualityGood',
  fair: 'qualityFair',
  poor: 'qualityPoor',
  unknown: 'qualityUnknown',
} as const

export function Bars({ quality }: { quality: Quality }) {
  const t = useWords()
  const words = t(QUALITIES[quality])
  return (
    <span className={`${styles.bars} ${styles[quality]}`} title={words}>
      <WifiOutlined aria-label={words} />
    </span>
  )
}

export function Picture(props: { stream: MediaStream; mirrored?: boolean; whole?: boolean }) {
  const { stream, mirrored = false, whole = false } = props
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    if (video.current) video.current.srcObject = stream
  }, [stream])
  return (
    <video
      ref={video}
      className={`${styles.picture} ${mirrored ? styles.mirrored : ''} ${whole ? styles.whole : ''}`}
      autoPlay
      playsInline
      muted
    />
  )
}

/** What somebody says; apart from the picture, which comes and goes. */
export function Voice({ stream, silent }: { stream: MediaStream; silent: boolean }) {
  const audio = useRef<HTMLAudioElement>(null)
  useEffect(() => {
    if (audio.current) audio.current.srcObject = stream
  }, [stream])
  return <audio ref={audio} autoPlay muted={silent} />
}
