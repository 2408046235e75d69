/**
 * The two clocks of a case: whose runs, how long still or how long over, and what the other took.
 * The server tells beginnings and due times; what is left is counted here by the page's one timer.
 */
import { CheckCircleOutlined, HourglassOutlined, PauseCircleOutlined } from '@ant-design/icons'
import styles from './CaseClock.module.css'
import { Clock } from './Clock'
import { useNow } from './now'
import type { ClockOut, HandOut, PromiseOut } from './schema'
import { exactWords, hourWords, spanWords } from './times'
import { defineWords } from './words'

const { useWords, say } = defineWords('caseClock', {
  label: ['双方计时', 'Both clocks'],
  provider: ['专家方', 'Expert'],
  requester: ['申请方', 'Requester'],
  mine: ['我方', 'Ours'],
  took: ['用时 {{span}}', 'took {{span}}'],
  stopped: ['已停表，用时 {{span}}', 'stopped after {{span}}'],
  running: ['已计 {{span}}', '{{span}} so far'],
  since: ['自 {{at}} 起计', 'running since {{at}}'],
  rests: ['非工作时间，{{at}} 起续计', 'outside working hours, goes on at {{at}}'],
  working: ['工时', 'working h'],
  inWorking: ['{{n}} 分钟工作时间', '{{n}} working minutes'],
  inClock: ['{{n}} 分钟', '{{n}} minutes'],
  agreement: ['协议 {{code}} {{clause}}', 'agreement {{code}} {{clause}}'],
  network: ['网络统一时限', "the network's deadlines"],
})

type Side = 'provider' | 'requester'

/** The clock that runs, for a row of a list; nothing where neither does. */
export function RunningClock({ clock }: { clock: ClockOut }) {
  const side = clock.whose
  if (side === null) return null
  return <Running hand={clock[side]} promise={side === 'provider' ? clock.promise : null} />
}

interface PairProps {
  clock: ClockOut
  /** On which side the viewer stands: that clock is called ours. */
  mine?: Side
}

/** Both clocks, the running one in full and the other by what it took. */
export function CaseClock({ clock, mine }: PairProps) {
  const t = useWords()
  if (clock.provider.running === 'idle') return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a pair of chips is no form's fieldset
    <span className={styles.pair} role="group" aria-label={t('label')}>
      {(['provider', 'requester'] as const).map((side) => (
        <Chip
          key={side}
          name={t(side === mine ? 'mine' : side)}
          hand={clock[side]}
          promise={side === 'provider' ? clock.promise : null}
        />
      ))}
    </span>
  )
}

function Chip({
  name,
  hand,
  promise,
}: {
  name: string
  hand: HandOut
  promise: PromiseOut | null
}) {
  const t = useWords()
  if (hand.running === 'idle' || (hand.running === 'done' && hand.spent === 0)) return null
  const runs = hand.running === 'running'
  const Icon = hand.running === 'done' ? CheckCircleOutlined : PauseCircleOutlined
  const span = spanWords(hand.spent * 1000)
  return (
    <span className={`${styles.chip} ${runs ? styles.runs : ''}`}>
      <span className={styles.name}>{name}</span>{' '}
      {runs ? (
        <Running hand={hand} promise={promise} />
      ) : (
        <span className={styles.rest} title={promise ? promiseWords(promise) : undefined}>
          <Icon aria-hidden /> {t(hand.running === 'done' ? 'took' : 'stopped', { span })}
        </span>
      )}
    </span>
  )
}

function Running({ hand, promise }: { hand: HandOut; promise: PromiseOut | null }) {
  const t = useWords()
  if (!hand.due) return <Elapsed hand={hand} />
  const notes = [
    promise ? promiseWords(promise) : '',
    hand.resumes ? say('rests', { at: hourWords(hand.resumes) }) : '',
  ].filter(Boolean)
  return (
    <>
      <Clock due={hand.due} since={hand.since} note={notes.join('\n')} />
      {promise?.clock === 'working hours' ? (
        <span className={styles.working}>{t('working')}</span>
      ) : null}
    </>
  )
}

/** A clock with nothing to be late for: how long it has run. */
function Elapsed({ hand }: { hand: HandOut }) {
  const t = useWords()
  const now = useNow()
  if (hand.since === null) return null
  const begun = Date.parse(hand.since)
  const span = spanWords(hand.spent * 1000 + Math.max(0, now - begun))
  return (
    <span className={styles.rest} title={t('since', { at: exactWords(begun) })}>
      <HourglassOutlined aria-hidden /> {t('running', { span })}
    </span>
  )
}

/** Which row decided: its minutes, by which clock, and the clause or the network. */
export function promiseWords(promise: PromiseOut): string {
  const by =
    promise.by === 'agreement'
      ? say('agreement', { code: promise.agreement ?? '', clause: promise.clause ?? '' }).trim()
      : say('network')
  const counted = promise.clock === 'working hours' ? 'inWorking' : 'inClock'
  return `${say(counted, { n: promise.minutes })} · ${by}`
}
