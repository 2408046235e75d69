/** The keys of the coordinator's page. */
import type { PageKey } from '../shared/keys'
import { type DispatchList, LISTS } from './api'
import { useWords } from './words'

export interface Deeds {
  move: (by: number) => void
  mark: () => void
  further: (by: number) => void
  all: () => void
  clear: () => void
  choose: () => void
  unassign: () => void
  open: () => void
  release: () => void
  search: () => void
  list: (list: DispatchList) => void
}

export function useDispatchKeys(deeds: Deeds): PageKey[] {
  const t = useWords()
  return [
    { combo: 'ArrowDown', label: t('keyDown'), run: () => deeds.move(1) },
    { combo: 'ArrowUp', label: t('keyUp'), run: () => deeds.move(-1) },
    { combo: 'Enter', label: t('keyAssign'), run: deeds.choose },
    { combo: 'u', label: t('keyUnassign'), run: deeds.unassign },
    { combo: ' ', label: t('keyMark'), run: deeds.mark },
    { combo: 'Shift+ArrowDown', label: t('keyMarkDown'), run: () => deeds.further(1) },
    { combo: 'Shift+ArrowUp', label: t('keyMarkUp'), run: () => deeds.further(-1) },
    { combo: 'a', label: t('keyAll'), run: deeds.all },
    { combo: 'Escape', label: t('unmark'), run: deeds.clear },
    { combo: 'o', label: t('keyOpen'), run: deeds.open },
    { combo: 'n', label: t('keyNew'), run: deeds.release },
    { combo: '/', label: t('search'), run: deeds.search },
    ...LISTS.map((list, index) => ({
      combo: String(index + 1),
      label: `${t('keyList')}：${t(list)}`,
      run: () => deeds.list(list),
    })),
  ]
}
