/**
 * Asks again for what a fact has changed.
 *
 * An answer that is on its way may have been written before the fact, so it is asked for once more
 * when it is there: the query library would drop the wish (of a first fetch) or cancel the fetch,
 * and over a slow line a busy list would never arrive.
 */
import type { QueryClient } from '@tanstack/react-query'

export class Renewal {
  private readonly again = new Set<string>()

  constructor(private readonly client: QueryClient) {
    client.getQueryCache().subscribe((event) => {
      if (event.type !== 'updated' || !['success', 'error'].includes(event.action.type)) return
      if (!this.again.delete(event.query.queryHash)) return
      void client.invalidateQueries({ queryKey: event.query.queryKey, exact: true })
    })
  }

  /** Everything under this first word of a key. */
  of(key: string): void {
    const queryKey = [key]
    for (const query of this.client.getQueryCache().findAll({ queryKey, fetchStatus: 'fetching' }))
      this.again.add(query.queryHash)
    void this.client.invalidateQueries({ queryKey, fetchStatus: 'idle' })
  }
}
