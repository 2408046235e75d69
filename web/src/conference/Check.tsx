/**
 * The check before a conference: camera, microphone, speaker, line and ways out; its result is kept
 * for the coordinator, and says how to begin.
 */
import { CheckCircleFilled, ExclamationCircleFilled, LoadingOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Progress } from 'antd'
import {
  type ReactNode,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { CheckedOut, ConferenceOut, FoundIn } from '../shared/schema'
import { pick } from '../shared/words'
import { keepCheck } from './api'
import styles from './Check.module.css'
import { type LineFound, measureLine, type Reachable, reach } from './line'
import type { Local } from './local'
import { useWords } from './words'

const LOUD_ENOUGH = 8

interface Props {
  conference: ConferenceOut
  local: Local
  onVerdict: (checked: CheckedOut) => void
}

export function Check({ conference, local, onVerdict }: Props) {
  const t = useWords()
  const microphone = useSyncExternalStore(local.watch, () => local.audio)
  const camera = useSyncExternalStore(local.watch, () => local.camera)
  const level = useLevel(microphone)
  const [heardMe, setHeardMe] = useState(false)
  if (level > LOUD_ENOUGH && !heardMe) setHeardMe(true)
  const [speaker, setSpeaker] = useState<boolean | null>(null)
  const line = useLineCheck(conference)
  const verdict = useVerdict(conference, local, { line, heardMe, speaker }, onVerdict)
  return (
    <section className={styles.check} aria-label={t('checkTitle')}>
      <h2 className={styles.title}>{t('checkTitle')}</h2>
      <div className={styles.rows}>
        <Line name={t('camera')} ok={camera !== null} wait={!line.devices}>
          {camera ? t('works') : local.cameraTrouble ? t(local.cameraTrouble) : t('measuring')}
        </Line>
        <Microphone {...{ local, level, heardMe }} />
        <Speaker heard={speaker} onAnswer={setSpeaker} />
        <Line name={t('network')} ok={line.found !== null} wait={line.found === null}>
          {line.found ? <LineWords found={line.found} /> : t('measuring')}
        </Line>
        <Line
          name={t('reachability')}
          ok={line.ways !== null && (line.ways.direct === true || line.ways.relay === true)}
          wait={line.ways === null}
        >
          {line.ways ? <WaysWords ways={line.ways} /> : t('measuring')}
        </Line>
      </div>
      {verdict.error ? <ProblemNotice error={verdict.error} /> : null}
      <p className={styles.verdict} role="status">
        {verdict.data ? t('verdict', { mode: pick(verdict.data.verdict_words) }) : t('measuring')}
        <Button size="small" type="link" onClick={line.again} disabled={line.found === null}>
          {t('again')}
        </Button>
      </p>
    </section>
  )
}

function Line(props: { name: string; ok: boolean; wait: boolean; children: ReactNode }) {
  const { name, ok, wait, children } = props
  const mark = ok ? (
    <CheckCircleFilled className={styles.good} />
  ) : wait ? (
    <LoadingOutlined className={styles.wait} />
  ) : (
    <ExclamationCircleFilled className={styles.bad} />
  )
  return (
    <div className={styles.row}>
      <span aria-hidden>{mark}</span>
      <span className={styles.name}>{name}</span>
      <span>{children}</span>
    </div>
  )
}

function Microphone(props: { local: Local; level: number; heardMe: boolean }) {
  const t = useWords()
  const { local, level, heardMe } = props
  const there = local.audio !== null
  return (
    <Line name={t('microphone')} ok={heardMe} wait={there && !heardMe}>
      {there ? (
        <span className={styles.level}>
          <Progress percent={level} showInfo={false} size="small" aria-label={t('microphone')} />
          {heardMe ? t('works') : t('speakNow')}
        </span>
      ) : (
        t(local.microphoneTrouble ?? 'measuring')
      )}
    </Line>
  )
}

function LineWords({ found }: { found: LineFound }) {
  const t = useWords()
  const mega = (kbps: number | null | undefined) =>
    kbps == null ? t('unknown') : (kbps / 1000).toFixed(kbps < 10_000 ? 1 : 0)
  return t('measured', {
    back: found.round_trip_ms ?? t('unknown'),
    down: mega(found.down_kbps),
    up: mega(found.up_kbps),
  })
}

function WaysWords({ ways }: { ways: Reachable }) {
  const t = useWords()
  const words = [
    ...(ways.direct ? [t('direct')] : []),
    ...(ways.relay === true ? [t('viaRelay')] : ways.relay === false ? [t('relayOff')] : []),
  ]
  return words.length > 0 ? words.join(t('comma')) : t('noWay')
}

function Speaker(props: { heard: boolean | null; onAnswer: (heard: boolean) => void }) {
  const t = useWords()
  const { heard, onAnswer } = props
  const [played, setPlayed] = useState(false)
  return (
    <Line name={t('speaker')} ok={heard === true} wait={heard === null}>
      <span className={styles.answers}>
        <Button
          size="small"
          onClick={() => {
            playTone()
            setPlayed(true)
          }}
        >
          {t('playTone')}
        </Button>
        {played && heard === null ? (
          <>
            <Button size="small" onClick={() => onAnswer(true)}>
              {t('heard')}
            </Button>
            <Button size="small" onClick={() => onAnswer(false)}>
              {t('notHeard')}
            </Button>
          </>
        ) : null}
        {heard === true ? t('works') : heard === false ? t('speakerOff') : null}
      </span>
    </Line>
  )
}

function playTone(): void {
  const context = new AudioContext()
  const tone = context.createOscillator()
  const volume = context.createGain()
  tone.frequency.value = 660
  volume.gain.setValueAtTime(0.2, context.currentTime)
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.8)
  tone.connect(volume).connect(context.destination)
  tone.onended = () => void context.close()
  tone.start()
  tone.stop(context.currentTime + 0.8)
}

/** How loud a microphone is just now, 0 to 100. */
function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0)
  useEffect(() => {
    if (track === null) return
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 512
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
    const heard = new Float32Array(analyser.fftSize)
    const look = setInterval(() => {
      analyser.getFloatTimeDomainData(heard)
      const power = heard.reduce((sum, one) => sum + one * one, 0) / heard.length
      setLevel(Math.min(100, Math.round(Math.sqrt(power) * 300)))
    }, 150)
    return () => {
      clearInterval(look)
      void context.close()
    }
  }, [track])
  return level
}

interface LineCheck {
  devices: boolean
  found: LineFound | null
  ways: Reachable | null
  again: () => void
}

function useLineCheck(conference: ConferenceOut): LineCheck {
  const { ice, relay_only } = useRef(conference).current
  const [measured, setMeasured] = useState<[LineFound, Reachable] | null>(null)
  const measure = useCallback(() => {
    let over = false
    setMeasured(null)
    void Promise.all([measureLine(), reach(serversOf(ice), relay_only)]).then((done) => {
      if (!over) setMeasured(done)
    })
    return () => {
      over = true
    }
  }, [ice, relay_only])
  useEffect(measure, [measure])
  const [found, ways] = measured ?? [null, null]
  return { devices: found !== null, found, ways, again: () => void measure() }
}

export function serversOf(ice: ConferenceOut['ice']): RTCIceServer[] {
  return ice.map(({ urls, username, credential }) => ({
    urls,
    ...(username ? { username } : {}),
    ...(credential ? { credential } : {}),
  }))
}

interface Found {
  line: LineCheck
  heardMe: boolean
  speaker: boolean | null
}

/** Keeps the result once the line was measured, and again when somebody answered or spoke. */
function useVerdict(
  conference: ConferenceOut,
  local: Local,
  { line, heardMe, speaker }: Found,
  onVerdict: (checked: CheckedOut) => void,
) {
  const keep = useMutation({
    mutationFn: (found: FoundIn) => keepCheck(conference.appointment_id, found),
    onSuccess: onVerdict,
  })
  const { mutate } = keep
  const { found, ways } = line
  useEffect(() => {
    if (found === null || ways === null) return
    mutate({
      camera: local.camera !== null,
      microphone: local.audio === null ? false : heardMe ? true : null,
      speaker,
      ...found,
      direct: ways.direct,
      relay: ways.relay,
    })
  }, [found, ways, heardMe, speaker, local, mutate])
  return keep
}
