/** What a search has found: the wished time or what closes it, the days with their times, or why
 * there are none. */
import { Alert, Button, Tag } from 'antd'
import { clockOf, dayOf, weekday } from '../roster/days'
import { dateWords, weekdayWords } from '../roster/words'
import type { SlotOut, SlotsOut } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './SlotAnswer.module.css'
import { nearestOf } from './wished'
import { roleWords, useWords } from './words'

/** The times of a stretch, and where one time is wished, the answer for that one alone. */
export interface Found {
  answer: SlotsOut
  wished: { at: number; exact: SlotsOut } | undefined
}

interface Props {
  found: Found
  due: number | undefined
  taking: string | undefined
  onTake: (slot: SlotOut) => void
}

const MOST_SHOWN = 120

export function SlotAnswer({ found, due, ...more }: Props) {
  const { answer, wished } = found
  const wishedSlot = wished?.exact.slots[0]
  const near = wished && !wishedSlot ? nearestOf(answer.slots, wished.at) : undefined
  return (
    <>
      {wished ? <WishedTime wished={wished} near={near} answer={answer} {...more} /> : null}
      {answer.why ? (
        <Why answer={answer} />
      ) : (
        <Days answer={answer} due={due} marked={(wishedSlot ?? near)?.since} {...more} />
      )}
    </>
  )
}

interface Taking {
  taking: string | undefined
  onTake: (slot: SlotOut) => void
}

/** Whether the wished time can be had, what closes it if not, and the time that is nearest. */
function WishedTime({
  wished,
  near,
  answer,
  taking,
  onTake,
}: Taking & {
  wished: { at: number; exact: SlotsOut }
  near: SlotOut | undefined
  answer: SlotsOut
}) {
  const t = useWords()
  const { exact } = wished
  const slot = exact.slots[0]
  const time = momentWords(wished.at)
  const offered = slot ?? near
  const { why } = exact
  // What closes it for everybody alike is said once.
  const closed = [...(why?.people ?? []), ...(why?.resources ?? [])].filter(
    (each) => each.words && each.reason !== why?.reason,
  )
  return (
    <Alert
      className={styles.wished}
      type={slot ? 'success' : 'warning'}
      showIcon
      title={slot ? t('wishedFree', { time }) : t('wishedTaken', { time })}
      description={
        <>
          {why ? <p className={styles.line}>{pick(why.words)}</p> : null}
          {closed.length > 0 ? (
            <ul className={styles.why}>
              {closed.map((each) => (
                <li key={each.key}>
                  {namesOf(exact).get(each.key) ?? each.key}：{each.words ? pick(each.words) : ''}
                </li>
              ))}
            </ul>
          ) : null}
          {offered ? (
            <p className={styles.line}>
              {slot ? null : t('nearestFree', { time: momentWords(Date.parse(offered.since)) })}
              <Button
                type="primary"
                size="small"
                loading={taking === offered.since}
                onClick={() => onTake(offered)}
              >
                {t('takeThis')}
              </Button>
              <span className={styles.who}>
                {whoWords(offered, namesOf(slot ? exact : answer))}
              </span>
            </p>
          ) : null}
        </>
      }
    />
  )
}

function Days({
  answer,
  due,
  marked,
  taking,
  onTake,
}: Taking & { answer: SlotsOut; due: number | undefined; marked: string | undefined }) {
  const t = useWords()
  const names = namesOf(answer)
  const days = new Map<string, SlotOut[]>()
  for (const slot of answer.slots.slice(0, MOST_SHOWN)) {
    const day = dayOf(Date.parse(slot.since))
    days.set(day, [...(days.get(day) ?? []), slot])
  }
  const cut = answer.more || answer.slots.length > MOST_SHOWN
  const late = (slot: SlotOut) => due !== undefined && Date.parse(slot.until) > due
  const firstLate = answer.slots.find(late)
  return (
    <section aria-live="polite">
      <p>
        {t('found', { n: answer.slots.length })}
        {cut ? t('foundMore') : ''}
      </p>
      {[...days].map(([day, slots]) => (
        <div key={day} className={styles.day}>
          <strong>
            {dateWords(day)} {weekdayWords(weekday(day))}
          </strong>
          {due !== undefined && firstLate && slots.includes(firstLate) ? (
            <Tag className={styles.late} color="warning">
              {t('afterDue', {
                from: clockOf(Date.parse(firstLate.since)),
                time: momentWords(due),
              })}
            </Tag>
          ) : null}
          <div className={styles.slots}>
            {slots.map((slot) => (
              <Button
                key={slot.since}
                size="small"
                type={slot.since === marked ? 'primary' : 'default'}
                ghost={slot.since === marked}
                loading={taking === slot.since}
                title={`${whoWords(slot, names)}；${t('spare', { n: slot.spare })}`}
                onClick={() => onTake(slot)}
              >
                {clockOf(Date.parse(slot.since))}{' '}
                <span className={styles.who}>{whoWords(slot, names)}</span>
              </Button>
            ))}
          </div>
        </div>
      ))}
    </section>
  )
}

function namesOf(answer: SlotsOut): Map<string, string> {
  return new Map([
    ...answer.people.map((each) => [each.id, each.name] as const),
    ...answer.resources.map((each) => [each.id, each.name] as const),
  ])
}

function whoWords(slot: SlotOut, names: ReadonlyMap<string, string>): string {
  return slot.sitting.map((one) => names.get(one.person) ?? one.person).join('、')
}

function momentWords(at: number): string {
  const day = dayOf(at)
  return `${dateWords(day)} ${weekdayWords(weekday(day))} ${clockOf(at)}`
}

function Why({ answer }: { answer: SlotsOut }) {
  const t = useWords()
  const { why } = answer
  if (!why) return null
  const names = namesOf(answer)
  const what = (keys: readonly string[]) => keys.map(roleWords).join('、')
  const near = why.nearest ? Date.parse(why.nearest.since) : 0
  return (
    <Alert
      type="warning"
      showIcon
      title={`${t('whyNone')}：${pick(why.words)}`}
      description={
        <>
          {why.blocking.length > 0 ? <p>{t('blocking', { what: what(why.blocking) })}</p> : null}
          <ul className={styles.why}>
            {[...why.people, ...why.resources].map((each) => (
              <li key={each.key}>
                {names.get(each.key) ?? each.key}：
                {each.words ? pick(each.words) : t('starts', { n: each.starts })}
              </li>
            ))}
          </ul>
          {why.nearest ? (
            <p>
              {t('nearest', {
                time: `${dateWords(dayOf(near))} ${clockOf(near)}`,
                what: what(why.nearest.missing),
              })}
            </p>
          ) : null}
        </>
      }
    />
  )
}
