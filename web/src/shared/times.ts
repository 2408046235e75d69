/** Times and spans as people say them. Everything shown is in the network's zone (Asia/Shanghai). */
import { ZONE } from './now'
import { defineWords, language } from './words'

const { say } = defineWords('times', {
  left: ['还剩 {{span}}', '{{span}} left'],
  over: ['超时 {{span}}', '{{span}} over'],
  ago: ['{{span}}前', '{{span}} ago'],
  justNow: ['刚刚', 'just now'],
  seconds: ['{{n}} 秒', '{{n}} s'],
  minutes: ['{{n}} 分', '{{n}} min'],
  hours: ['{{n}} 小时', '{{n}} h'],
  hoursMinutes: ['{{h}} 小时 {{m}} 分', '{{h}} h {{m}} min'],
  days: ['{{n}} 天', '{{n}} d'],
  daysHours: ['{{d}} 天 {{h}} 小时', '{{d}} d {{h}} h'],
  today: ['今天 {{time}}', 'today {{time}}'],
  tomorrow: ['明天 {{time}}', 'tomorrow {{time}}'],
  yesterday: ['昨天 {{time}}', 'yesterday {{time}}'],
  none: ['—', '—'],
})

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 12 分, 1 小时 20 分, 2 天 3 小时: the two largest units that matter, never three. */
export function spanWords(milliseconds: number): string {
  const span = Math.abs(milliseconds)
  if (span < MINUTE) return say('seconds', { n: Math.floor(span / 1000) })
  if (span < HOUR) return say('minutes', { n: Math.floor(span / MINUTE) })
  if (span < DAY) {
    const h = Math.floor(span / HOUR)
    const m = Math.floor((span % HOUR) / MINUTE)
    return m === 0 ? say('hours', { n: h }) : say('hoursMinutes', { h, m })
  }
  const d = Math.floor(span / DAY)
  const h = Math.floor((span % DAY) / HOUR)
  return h === 0 || d >= 7 ? say('days', { n: d }) : say('daysHours', { d, h })
}

/** 还剩 12 分 before the time, 超时 3 分 after it. */
export function untilWords(due: number, now: number): string {
  const span = spanWords(due - now)
  return due >= now ? say('left', { span }) : say('over', { span })
}

/** 3 分前, for a past moment. */
export function agoWords(at: number, now: number): string {
  return now - at < MINUTE ? say('justNow') : say('ago', { span: spanWords(now - at) })
}

/** 今天 10:40, 昨天 09:02, 明天 08:00, 11月20日 16:30: short, in the network's zone. */
export function momentWords(iso: string | null | undefined, now: number): string {
  if (!iso) return say('none')
  const at = Date.parse(iso)
  const time = format(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const distance = dayNumber(now) - dayNumber(at)
  if (distance === 0) return say('today', { time })
  if (distance === -1) return say('tomorrow', { time })
  if (distance === 1) return say('yesterday', { time })
  const sameYear = format(at, { year: 'numeric' }) === format(now, { year: 'numeric' })
  const date = format(at, {
    ...(sameYear ? {} : { year: 'numeric' }),
    month: language() === 'zh' ? 'long' : 'short',
    day: 'numeric',
  })
  return `${date} ${time}`
}

/** 2026-11-22 10:40:07: the exact moment, for a hover and for exports. */
export function exactWords(iso: string | number): string {
  const at = typeof iso === 'number' ? iso : Date.parse(iso)
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: ZONE,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(at)
}

/** 10:40 in the network's zone. */
export function hourWords(iso: string | number): string {
  const at = typeof iso === 'number' ? iso : Date.parse(iso)
  return format(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
}

function dayNumber(at: number): number {
  // Asia/Shanghai keeps UTC+8 all year; the day number needs no calendar.
  return Math.floor((at + 8 * HOUR) / DAY)
}

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const locale = language() === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options }).format(at)
}
