/**
 * Words handed to the report from the pictures: a measured interval, say.
 *
 * The report may stand in a second window, so they go over a channel of this browser; nothing is
 * kept anywhere.
 */
import { useEffect, useRef } from 'react'

function nameOf(requestId: string): string {
  return `telemed.report.${requestId}`
}

/** Puts words at the end of the findings of the report being written for this request. */
export function insertWords(requestId: string, words: string): void {
  const channel = new BroadcastChannel(nameOf(requestId))
  channel.postMessage(words)
  channel.close()
}

/** Hears such words while the report is being written here. */
export function useInserts(requestId: string, take: (words: string) => void): void {
  const latest = useRef(take)
  useEffect(() => {
    latest.current = take
  })
  useEffect(() => {
    const channel = new BroadcastChannel(nameOf(requestId))
    channel.onmessage = (event) => latest.current(String(event.data))
    return () => channel.close()
  }, [requestId])
}
