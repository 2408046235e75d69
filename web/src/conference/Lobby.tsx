/** Before the door: when it opens, who is invited, the check, and how to take part. */
import { Alert, Button, Skeleton } from 'antd'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { roleWords } from '../appointments/words'
import { useCatalogue, useMeeting } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, dayOf } from '../roster/days'
import { dateWords } from '../roster/words'
import type { CheckedOut, ConferenceOut } from '../shared/schema'
import { pick } from '../shared/words'
import { Check } from './Check'
import { ModeChoice, PictureChoice } from './Controls'
import { JoinCard } from './JoinCard'
import styles from './Lobby.module.css'
import type { Local } from './local'
import { RecordPanel } from './Panels'
import { Picture } from './Tile'
import { useOwnStream } from './useRoom'
import { useWords } from './words'

interface Props {
  conference: ConferenceOut
  local: Local
  entering: boolean
  onEnter: () => void
}

export function Lobby({ conference, local, entering, onEnter }: Props) {
  const t = useWords()
  const meeting = useMeeting(conference.service)
  const [verdict, setVerdict] = useState<CheckedOut | null>(null)
  const chosen = useChosenMode(local, verdict)
  const cameraTrouble = useSyncExternalStore(local.watch, () => local.cameraTrouble)
  const watches = conference.standing === 'watches'
  const outside = conference.standing === 'keeps'
  useEffect(() => {
    if (!watches && !outside) void local.open('video')
  }, [local, watches, outside])
  const since = Date.parse(conference.since)
  return (
    <main className={styles.lobby}>
      <section className={styles.see}>
        {watches || outside ? (
          <Alert type="info" showIcon title={t(watches ? 'youWatch' : 'namedOnly')} />
        ) : (
          <>
            <Own local={local} />
            <ModeChoice local={local} />
            <PictureChoice local={local} />
          </>
        )}
        {verdict && !chosen && verdict.verdict !== 'video' ? (
          <Alert
            type="info"
            showIcon
            title={
              cameraTrouble !== null
                ? t('noCamera')
                : verdict.verdict === 'still'
                  ? t('thin', { n: conference.line.still_seconds })
                  : t('voiceOnly')
            }
          />
        ) : null}
        {outside ? (
          <RecordPanel conference={conference} />
        ) : (
          <Enter {...{ conference, entering, onEnter }} />
        )}
        <p className={styles.note}>{t('noRecording')}</p>
      </section>
      <section className={styles.tell}>
        <h1 className={styles.title}>{t('room', { meeting })}</h1>
        <p className={styles.when}>
          {dateWords(dayOf(since))} {clockOf(since)}–{clockOf(Date.parse(conference.until))}
        </p>
        <Service conference={conference} />
        <ul className={styles.who}>
          {conference.invited.map((one) => (
            <li key={one.person_id}>
              <b>{one.name}</b> {roleWords(one.role)}
              <span className={styles.place}> {one.institution_name}</span>
            </li>
          ))}
          {conference.along.map((one) => (
            <li key={one.person_id}>
              <b>{one.name}</b>{' '}
              {t(one.institution_id === conference.provider_id ? 'guides' : 'operates')}
              <span className={styles.place}> {one.institution_name}</span>
            </li>
          ))}
          {conference.watchers.map((one) => (
            <li key={one.person_id}>
              <b>{one.name}</b> {t('watchers')}
              <span className={styles.place}> {one.institution_name}</span>
            </li>
          ))}
        </ul>
        {watches || outside ? null : (
          <Check conference={conference} local={local} onVerdict={setVerdict} />
        )}
        <JoinCard conference={conference} />
      </section>
    </main>
  )
}

/**
 * The mode of the verdict until somebody chooses another; whether somebody has. Whoever wants nothing
 * lowered by itself has chosen.
 */
function useChosenMode(local: Local, verdict: CheckedOut | null): boolean {
  const mode = useSyncExternalStore(local.watch, () => local.mode)
  const stays = useSyncExternalStore(
    local.watch,
    () => !local.adapts && local.cameraTrouble === null,
  )
  const [given, setGiven] = useState<string>('video')
  const chosen = stays || mode !== given
  useEffect(() => {
    if (verdict === null || chosen || verdict.verdict === given) return
    setGiven(verdict.verdict)
    void local.setMode(verdict.verdict)
  }, [verdict, chosen, given, local])
  return chosen
}

function Own({ local }: { local: Local }) {
  const t = useWords()
  const own = useOwnStream(local)
  const trouble = useSyncExternalStore(local.watch, () => local.cameraTrouble)
  return (
    <div className={styles.own}>
      {own ? <Picture stream={own} mirrored /> : <span>{t(trouble ?? 'cameraOff')}</span>}
    </div>
  )
}

function Service({ conference }: { conference: ConferenceOut }) {
  const catalogue = useCatalogue()
  if (!catalogue) return <Skeleton.Input size="small" active />
  return (
    <p className={styles.place}>
      {serviceLabel(catalogue, conference.service)} {conference.number}
      <br />
      {conference.requester_name} → {conference.provider_name}
    </p>
  )
}

function Enter({ conference, entering, onEnter }: Omit<Props, 'local'>) {
  const t = useWords()
  if (!conference.open) {
    const opens = Date.parse(conference.opens_at)
    const waits = conference.state === 'confirmed'
    return (
      <Alert
        type={waits ? 'info' : 'warning'}
        showIcon
        title={
          waits
            ? t('opensAt', { time: `${dateWords(dayOf(opens))} ${clockOf(opens)}` })
            : t('over', { state: pick(conference.state_words) })
        }
      />
    )
  }
  return (
    <Button type="primary" size="large" block loading={entering} onClick={onEnter}>
      {entering ? t('entering') : t('enter')}
    </Button>
  )
}
