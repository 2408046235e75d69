/** Whose turn it was, from when to when: the two clocks of a case as one strip, told in words too. */
import { FlagFilled } from '@ant-design/icons'
import { serverNow, useNow } from '../shared/now'
import type { RequestOut } from '../shared/schema'
import { exactWords, momentWords, spanWords } from '../shared/times'
import { type Part, partsOf, placeOf } from '../shared/turns'
import { defineWords } from '../shared/words'
import styles from './TurnStrip.module.css'

const { useWords, say } = defineWords('turns', {
  label: ['轮到谁：双方用时', 'Whose turn: what each side took'],
  provider: ['专家方', 'Expert'],
  requester: ['申请方', 'Requester'],
  answer: ['诊断', 'answer'],
  material: ['补充资料', 'material'],
  choice: ['另选机构', 'choice'],
  reading: ['阅读反馈', 'reading'],
  passing: ['决定是否转送', 'passing it on'],
  running: ['进行中', 'running'],
  nobody: ['无人计时', "nobody's"],
  left: ['距应完成', 'until due'],
  due: ['应完成 {{at}}', 'due {{at}}'],
  late: ['应完成 {{at}}，超时 {{span}}', 'due {{at}}, {{span}} late'],
  sum: ['{{who}} {{span}}', '{{who}} {{span}}'],
})

type Turn = RequestOut['turns'][number]

export function TurnStrip({ item }: { item: RequestOut }) {
  const t = useWords()
  const now = useNow(60_000)
  // Being asked whether to pass it on lies within an answer's turn: told in words, not drawn.
  const drawn = item.turns.filter((turn) => turn.turn !== 'passing')
  const asked = item.turns.filter((turn) => turn.turn === 'passing')
  const turns = drawn.map((turn) => ({
    side: turn.side,
    since: Date.parse(turn.since),
    until: turn.until === null ? null : Date.parse(turn.until),
  }))
  if (turns.length === 0) return null
  const due = item.due_at ? Date.parse(item.due_at) : null
  const parts = partsOf(turns, now, due)
  const mark = due === null ? null : placeOf(parts, due)
  return (
    <section className={styles.strip} aria-label={t('label')}>
      <div className={styles.bar} aria-hidden>
        {parts.map((part) => (
          <Piece key={part.from} part={part} turn={turnOf(drawn, part)} />
        ))}
        {mark === null ? null : <span className={styles.mark} style={{ left: `${mark}%` }} />}
      </div>
      <ul className={styles.legend}>
        {(['provider', 'requester'] as const)
          .filter((side) => parts.some((part) => part.side === side) || asksOf(asked, side).length)
          .map((side) => (
            <li key={side}>
              <span className={`${styles.key} ${styles[side]}`} aria-hidden />{' '}
              {t('sum', {
                who: nameOf(item, side),
                span: spanWords(taken(parts, side) + lasted(asksOf(asked, side), now)),
              })}
            </li>
          ))}
        {due === null ? null : (
          <li className={lateBy(item, due, now) > 0 ? styles.late : undefined}>
            <FlagFilled aria-hidden /> {dueWords(item, due, now)}
          </li>
        )}
      </ul>
      <ol className={styles.words}>
        {parts.map((part) => {
          const turn = turnOf(drawn, part)
          return turn ? <li key={part.from}>{turnWords(item, turn, part.from, part.to)}</li> : null
        })}
        {asked.map((turn) => (
          <li key={turn.since}>{turnWords(item, turn, ...endsOf(turn, now))}</li>
        ))}
      </ol>
    </section>
  )
}

function Piece({ part, turn }: { part: Part; turn: Turn | undefined }) {
  const t = useWords()
  const span = spanWords(part.to - part.from)
  const what = turn ? t(turn.turn) : t(part.to > serverNow() ? 'left' : 'nobody')
  const from = `${exactWords(part.from)} – ${exactWords(part.to)}`
  return (
    <span
      className={`${styles.piece} ${part.side ? styles[part.side] : styles.nobody}`}
      style={{ left: `${part.left}%`, width: `${part.width}%` }}
      title={`${turn ? `${t(turn.side)} · ` : ''}${what} · ${span}\n${from}`}
    >
      <span className={styles.inside}>
        {what} {span}
      </span>
    </span>
  )
}

function turnOf(turns: readonly Turn[], part: Part): Turn | undefined {
  return part.turn === null ? undefined : turns[part.turn]
}

function asksOf(asked: readonly Turn[], side: Turn['side']): Turn[] {
  return asked.filter((turn) => turn.side === side)
}

function endsOf(turn: Turn, now: number): [number, number] {
  return [Date.parse(turn.since), turn.until === null ? now : Date.parse(turn.until)]
}

function lasted(turns: readonly Turn[], now: number): number {
  return turns.reduce((sum, turn) => {
    const [from, to] = endsOf(turn, now)
    return sum + Math.max(0, to - from)
  }, 0)
}

/** The side, and the institution that stands on it now. */
function nameOf(item: RequestOut, side: Turn['side']): string {
  const place = side === 'provider' ? item.provider : item.requester
  return place ? `${say(side)} ${place.short_name}` : say(side)
}

function taken(parts: readonly Part[], side: Turn['side']): number {
  return parts.reduce((sum, part) => sum + (part.side === side ? part.to - part.from : 0), 0)
}

/** How late the answer came or is, in milliseconds; not above zero when it is not. */
function lateBy(item: RequestOut, due: number, now: number): number {
  const answered = item.issued_at ? Date.parse(item.issued_at) : null
  return (answered ?? (item.state === 'open' ? now : due)) - due
}

function dueWords(item: RequestOut, due: number, now: number): string {
  const at = momentWords(item.due_at, now)
  const late = lateBy(item, due, now)
  return late > 0 ? say('late', { at, span: spanWords(late) }) : say('due', { at })
}

function turnWords(item: RequestOut, turn: Turn, from: number, to: number): string {
  const here = [item.provider, item.requester].find((each) => each?.id === turn.institution_id)
  const ends = turn.until === null ? say('running') : exactWords(to).slice(11, 16)
  return [
    say(turn.side) + (here ? ` ${here.short_name}` : ''),
    say(turn.turn),
    `${exactWords(from).slice(5, 16)}–${ends}`,
    spanWords(to - from),
  ].join(' · ')
}
