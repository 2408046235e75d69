/**
 * Inside: the tiles, the case where there is one, what is beside them, and the bar below.
 *
 * Where the case is shown it has the room, and the tiles stand small beside it.
 */
import { Alert, Button, Drawer } from 'antd'
import { type ComponentType, lazy, Suspense, useState } from 'react'
import type { ConferenceOut } from '../shared/schema'
import { useNarrow } from '../shared/useNarrow'
import { Controls, type PanelKey } from './Controls'
import type { Local } from './local'
import { ChatPanel, PeoplePanel, RecordPanel } from './Panels'
import styles from './Room.module.css'
import { type Member, type Signal, useMembers, useSignal, useSignalState } from './signal'
import { Picture, Tile, Voice } from './Tile'
import type { Remote } from './transport'
import {
  useNames,
  useOwnState,
  useOwnStream,
  useSentStills,
  useStills,
  useTransport,
  useUnread,
  useWorse,
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
  const remotes = useTransport(conference, signal, local)
  const [panel, setPanel] = useState<PanelKey | null>(
    narrow || CasePanel !== null ? null : 'people',
  )
  const mine = members.find((one) => one.id === signal.me)
  useOwnState(signal, local)
  useSentStills(signal, local, mine?.mode ?? local.mode, conference.line.still_seconds)
  useNames(conference, members)
  const worse = useWorse(local, remotes, conference.line.video_kbps)
  const unread = useUnread(conference, signal, panel === 'chat')
  const beside = panel ? <Panel which={panel} conference={conference} /> : null
  const withCase = CasePanel !== null
  return (
    <>
      {state === 'lost' ? <Alert banner type="warning" role="alert" title={t('lost')} /> : null}
      {worse ? (
        <Alert
          banner
          type="info"
          title={t('suggestStill')}
          action={
            <Button size="small" onClick={() => void local.setMode('still')}>
              {t('change')}
            </Button>
          }
        />
      ) : null}
      <main className={`${styles.room} ${layoutOf(members, withCase)}`}>
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
        <Drawer
          open={beside !== null}
          placement="bottom"
          size="70%"
          title={panel ? t(panel) : ''}
          onClose={() => setPanel(null)}
        >
          {beside}
        </Drawer>
      ) : null}
      <Controls
        watches={conference.standing === 'watches'}
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

/** Beside the case in a column, below a shared screen in a row, two side by side, or many. */
function layoutOf(members: readonly Member[], withCase: boolean): string {
  if (withCase) return styles.withCase ?? ''
  if (members.some((one) => one.sharing)) return styles.shared ?? ''
  return members.length < 3 ? (styles.few ?? '') : ''
}

function Panel({ which, conference }: { which: PanelKey; conference: ConferenceOut }) {
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
    return who ? `${who.name}（${who.institution_name}）` : ''
  })
  return <p className={styles.watchers}>{t('watchersHere', { names: named.join('、') })}</p>
}

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
  const known = new Map(conference.members.map((one) => [one.person_id, one]))
  const shown = members.flatMap((one) => {
    const screen = one.id === me ? null : remotes.get(one.id)?.screen
    return one.sharing && screen ? [{ one, screen }] : []
  })
  const onPhone = local.mode === 'phone'
  return (
    <section className={styles.stage} aria-label={t('members')}>
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
                camera={mine ? own : (remote?.camera ?? null)}
                still={stills.get(member.id)}
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
