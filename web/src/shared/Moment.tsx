/** A past or future moment: 今天 10:40, with the exact time on hover. */
import { useNow } from './now'
import { agoWords, exactWords, momentWords } from './times'

interface Props {
  at: string | null | undefined
  /** Say 3 分前 instead of the time of day. */
  ago?: boolean
}

export function Moment({ at, ago = false }: Props) {
  const now = useNow(ago ? 10_000 : 60_000)
  if (!at) return <span>—</span>
  return (
    <time dateTime={at} title={exactWords(at)} className="tabular">
      {ago ? agoWords(Date.parse(at), now) : momentWords(at, now)}
    </time>
  )
}
