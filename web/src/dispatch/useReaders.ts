/** The readers for the page's other side. */
import { useQuery } from '@tanstack/react-query'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import type { RequestRow } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { candidatesQuery, readersQuery } from './api'
import { linesOf } from './lines'
import { useWords } from './words'

/** The readers beside what is chosen; of one case the server says who may take it and why not. */
export function useReaders(chosen: readonly RequestRow[]) {
  const t = useWords()
  const catalogue = useCatalogue()
  const all = useQuery(readersQuery)
  // Holding an arrow key down runs through the queue without asking about every case on the way.
  const one = useSettled(chosen.length === 1 ? (chosen[0]?.id ?? '') : '', 120)
  const candidates = useQuery({ ...candidatesQuery(one), enabled: one !== '' })
  const fits = chosen.length === 1 && chosen[0]?.id === one
  return {
    all: all.data ?? [],
    waiting: all.isPending,
    error: all.error,
    again: () => void all.refetch(),
    lines: linesOf(all.data ?? [], fits ? candidates.data : undefined, chosen, {
      service: (code) => serviceLabel(catalogue, code),
      without: (services) => t('without', { services }),
      part: (n, services) => t('part', { n, services }),
    }),
  }
}

export type Readers = ReturnType<typeof useReaders>
