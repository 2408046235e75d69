/** How long images are kept, in words. */
import { serverNow, ZONE } from '../shared/now'
import page from '../shared/page.module.css'
import type { KeepingOut } from '../shared/schema'
import { pick } from '../shared/words'
import { sayHold, useHoldWords } from './holdWords'

const DAY = 24 * 3600 * 1000

/** The day in Guangxi by the server's clock, as 2026-03-05. */
export function today(): string {
  return dayOf(serverNow())
}

export function tomorrow(): string {
  return dayOf(serverNow() + DAY)
}

function dayOf(at: number): string {
  // Swedish writes days as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE }).format(at)
}

export function sinceWords(keeping: KeepingOut): string {
  return sayHold(keeping.from_arrival ? 'sinceArrival' : 'since', { day: keeping.since })
}

export function Keeping({ keeping }: { keeping: KeepingOut }) {
  const t = useHoldWords()
  return (
    <>
      <div>{sinceWords(keeping)}</div>
      {keeping.kinds.map((each) => (
        <div key={each.kind} className={page.quiet}>
          {t('kindLine', { kind: pick(each.label), years: each.years, day: each.until })}
        </div>
      ))}
    </>
  )
}
