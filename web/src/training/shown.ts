/** Times, credits and colours of training in words. */
import { clockOf, dayOf, weekday } from '../roster/days'
import { dateWords, weekdayWords } from '../roster/words'
import type { CourseOut, LectureOut } from '../shared/schema'
import { say } from './words'

/** 3月6日 周五 16:00–17:30; over several days both days. */
export function timeWords(one: Pick<LectureOut, 'since' | 'until'>): string {
  const since = Date.parse(one.since)
  const until = Date.parse(one.until)
  const day = dayOf(since)
  if (dayOf(until) !== day) return `${dateWords(day)} – ${dateWords(dayOf(until))}`
  return `${dateWords(day)} ${weekdayWords(weekday(day))} ${clockOf(since)}–${clockOf(until)}`
}

/** When the code is taken, to the minute; the day is the lecture's and stands above. */
export function windowWords(opens: string, closes: string): string {
  const from = Date.parse(opens)
  return say('checkInFrom', {
    from: `${dateWords(dayOf(from))} ${clockOf(from)}`,
    until: clockOf(Date.parse(closes)),
  })
}

export function creditWords(one: { credit_tenths: number; credit_class: string }): string {
  const kind =
    one.credit_class === 'I' ? say('classI') : one.credit_class === 'II' ? say('classII') : ''
  const n = one.credit_tenths / 10
  const unit = say(n === 1 ? 'creditOne' : 'creditMany')
  return kind === '' ? say('creditPlain', { n, unit }) : say('creditOf', { class: kind, n, unit })
}

export function placesWords(one: LectureOut): string {
  return one.quota === null
    ? say('placesOpen', { taken: one.taken })
    : say('places', { taken: one.taken, quota: one.quota })
}

/** The lecture that matters next: the first that is not over, else the last. */
export function nextLecture(course: CourseOut, now: number): LectureOut | undefined {
  const going = course.lectures.filter(
    (one) => one.state !== 'canceled' && one.state !== 'finished' && Date.parse(one.until) > now,
  )
  const mine = course.lectures.find(
    (one) => one.mine !== null && one.mine.state !== 'withdrawn' && one.state !== 'finished',
  )
  return mine ?? going[0] ?? course.lectures.at(-1)
}

export const COLOURS: Record<string, string> = {
  draft: 'default',
  applied: 'warning',
  returned: 'error',
  approved: 'processing',
  published: 'success',
  planned: 'default',
  enrolling: 'processing',
  closed: 'default',
  'under way': 'success',
  enrolled: 'processing',
  waiting: 'warning',
  'checked in': 'success',
  attended: 'success',
  absent: 'error',
  studied: 'success',
  unfinished: 'default',
}

export function lecturersOf(course: CourseOut): string {
  return course.lecturers.map((one) => [one.name, one.title].filter(Boolean).join(' ')).join('、')
}
