/**
 * Inside: the tiles, the case where there is one, what is beside them, and the bar below.
 *
 * Where the case is shown it has the room, and the tiles stand small beside it.
 */
import { Alert, Button, Drawer } from 'antd'
import { type ComponentType, lazy, Suspense, useState, useSyncExternalStore } from 'react'
import { GuidancePanel } from '../guidance/GuidancePanel'
import type { ConferenceOut } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { Controls, type PanelKey } from './Controls'
import type { Local } from './local'
import { ChatPanel, PeoplePanel, RecordPanel } from './Panels'
import styles from './Room.module.css'
import { Streams } from './Streams'
import { type Member, type Signal, useMembers, useSignal, useSignalState } from './signal'
import type { Ladder } from './steps'
import { Picture, Tile, Voice } from './Tile'
import type { Remote } from './transport'
import {
  useNames,
  useOwnState,
  useOwnStream,
  useRemotes,
  useSentStills,
  useStills,
  useThinLine,
  useTransport,
  useUnread,
} from './useRoom'
import { useWords } from './words'

/** What the case's part of the page is given; the signal comes by `useSignal`. */
export interface CasePanelProps {
  conference: ConferenceOut
}

const found = import.meta.glob<{ CasePanel: ComponentType<CasePanelProps> }>('./case/CasePanel.tsx')
const load = Object.values(found)[0]
const CasePanel = load ? lazy(async () => ({ default: (await load()).CasePanel })) : null

interface Props {
  conference: ConferenceOut
  signal: Signal
  local: Local
}

export function Room({ conference, signal, local }: Props) {
  const t = useWords()
  const narrow = useNarrow()
  const state = useSignalState(signal)
  const members = useMembers(signal)
  const transport = useTransport(conference, signal, local)
  const remotes = useRemotes(transport)
  const guided = conference.streams.length > 0
  const advised = guided && conference.request_id !== null
  const [panel, setPanel] = useState<PanelKey | null>(narrow || !advised ? null : 'advice')
  const [withCase, setWithCase] = useState(!guided)
  const mine = members.find((one) => one.id === signal.me)
  useOwnState(signal, local)
  useSentStills(signal, local, members, conference.line.still_seconds)
  useNames(conference, members)
  const thin = useThinLine(local, transport, conference.line)
  const unread = useUnread(conference, signal, panel === 'chat')
  const beside = panel ? <Panel which={panel} conference={conference} /> : null
  return (
    <>
      {state === 'lost' ? <Alert banner type="warning" role="alert" title={t('lost')} /> : null}
      <Fallen local={local} />
      {state === 'lost' ? null : <ThinLine local={local} thin={thin} />}
      <main className={`${styles.room} ${layoutOf(members, conference, withCase, guided)}`}>
        <Stage conference={conference} members={members} me={signal.me} {...{ local, remotes }} />
        {withCase && CasePanel ? (
          <section className={styles.case}>
            <Suspense>
              <CasePanel conference={conference} />
            </Suspense>
          </section>
        ) : null}
        {beside && !narrow ? <aside className={styles.beside}>{beside}</aside> : null}
      </main>
      {narrow ? (
        <Below panel={panel} conference={conference} onClose={() => setPanel(null)} />
      ) : null}
      <Controls
        watches={conference.standing === 'watches'}
        guided={
          guided ? { advice: advised, withCase, onCase: () => setWithCase((now) => !now) } : null
        }
        signal={signal}
        local={local}
        hand={mine?.hand ?? false}
        panel={panel}
        unread={unread}
        onPanel={setPanel}
        onLeave={() => signal.leave()}
      />
    </>
  )
}

/** Says that less is sent than was chosen; against it one may decide. */
function ThinLine({ local, thin }: { local: Local; thin: Ladder | null }) {
  const t = useWords()
  if (thin === null) return null
  return (
    <Alert
      banner
      type="info"
      title={t(thin.step === 'still' ? 'steppedToStill' : 'steppedToAudio')}
      action={
        <Button size="small" onClick={() => void local.setMode(thin.wish)}>
          {t('back_to', { mode: t(thin.wish) })}
        </Button>
      }
    />
  )
}

/** Says that the line carries the first picture of the operation alone. */
function Fallen({ local }: { local: Local }) {
  const t = useWords()
  const fallen = useSyncExternalStore(
    local.watch,
    () => local.thin && local.extras.some((track) => track !== null),
  )
  if (!fallen) return null
  return (
    <Alert
      banner
      type="warning"
      role="alert"
      title={t('extrasFell')}
      action={
        <Button size="small" onClick={() => local.setThin(false)}>
          {t('sendAgain')}
        </Button>
      }
    />
  )
}

/** Beside the case, below the operation's pictures or a shared screen, two side by side, or many. */
function layoutOf(
  members: readonly Member[],
  conference: ConferenceOut,
  withCase: boolean,
  guided: boolean,
): string {
  if (withCase && conference.request_id !== null) return styles.withCase ?? ''
  const notes = withCase ? styles.withNotes : ''
  if (guided) return `${styles.guided} ${notes}`
  if (members.some((one) => one.sharing)) return `${styles.shared} ${notes}`
  return `${members.length < 3 ? styles.few : ''} ${notes}`
}

/** On a phone what stands beside comes up from below. */
function Below(props: { panel: PanelKey | null; conference: ConferenceOut; onClose: () => void }) {
  const t = useWords()
  const { panel, conference, onClose } = props
  return (
    <Drawer
      open={panel !== null}
      placement="bottom"
      size="70%"
      title={panel ? t(panel) : ''}
      onClose={onClose}
    >
      {panel ? <Panel which={panel} conference={conference} /> : null}
    </Drawer>
  )
}

function Panel({ which, conference }: { which: PanelKey; conference: ConferenceOut }) {
  if (which === 'advice')
    return conference.request_id ? (
      // What may be entered changes when the session begins and when it ends.
      <GuidancePanel key={conference.state} requestId={conference.request_id} />
    ) : null
  if (which === 'people') return <PeoplePanel conference={conference} />
  if (which === 'chat') return <ChatPanel conference={conference} />
  return <RecordPanel conference={conference} />
}

/** Who watches is named to everybody, and has no picture. */
function WatchersHere(props: {
  members: readonly Member[]
  known: ReadonlyMap<string, { readonly name: string; readonly institution_name: string }>
}) {
  const t = useWords()
  const here = props.members.filter((one) => one.watches)
  if (here.length === 0) return null
  const named = here.map((one) => {
    const who = props.known.get(one.person_id)
    return who ? t('whose', { name: who.name, place: who.institution_name }) : ''
  })
  return <p className={styles.watchers}>{t('watchersHere', { names: named.join(t('comma')) })}</p>
}

/** Whether somebody sends the operation's first picture, in the place of their own. */
const films = (member: Member, conference: ConferenceOut) =>
  conference.streams.slice(0, 1).some((one) => member.streams[one.value] !== undefined)

interface StageProps {
  conference: ConferenceOut
  members: readonly Member[]
  me: string | null
  local: Local
  remotes: ReadonlyMap<string, Remote>
}

function Stage({ conference, members, me, local, remotes }: StageProps) {
  const t = useWords()
  const stills = useStills(useSignal())
  const own = useOwnStream(local)
  const mode = useSyncExternalStore(local.watch, () => local.mode)
  const known = new Map(conference.members.map((one) => [one.person_id, one]))
  const shown = members.flatMap((one) => {
    const screen = one.id === me ? null : remotes.get(one.id)?.screen
    return one.sharing && screen ? [{ one, screen }] : []
  })
  const onPhone = local.mode === 'phone'
  return (
    <section className={styles.stage} aria-label={t('members')}>
      {conference.streams.length > 0 ? (
        <Streams {...{ conference, members, me, local, remotes, stills }} />
      ) : null}
      {shown.map(({ one, screen }) => (
        <div key={one.id} className={styles.screen} data-screen={one.person_id}>
          <Picture stream={screen} whole />
        </div>
      ))}
      <div className={styles.tiles}>
        {members
          .filter((one) => !one.watches)
          .map((member) => {
            const mine = member.id === me
            const remote = remotes.get(member.id)
            const one = known.get(member.person_id)
            return (
              <Tile
                key={member.id}
                member={member}
                name={one?.name ?? ''}
                place={one?.institution_name ?? ''}
                mine={mine}
                camera={films(member, conference) ? null : mine ? own : (remote?.camera ?? null)}
                still={films(member, conference) ? undefined : stills.get(member.id)}
                thin={mode !== 'video'}
                remote={remote}
              />
            )
          })}
        {members.length < 2 ? (
          <div className={styles.alone}>
            <b>{t('alone')}</b>
            <span>{t('aloneTeach')}</span>
          </div>
        ) : null}
      </div>
      <WatchersHere {...{ members, known }} />
      {[...remotes.values()].map((remote) =>
        remote.audio ? <Voice key={remote.id} stream={remote.audio} silent={onPhone} /> : null,
      )}
    </section>
  )
}
