/** What the page shows, by its address. */
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { type DispatchList, LISTS } from './api'

/** Which list is shown: it stands in the address, so that a link leads to the same. */
export function useWhere() {
  const [params, setParams] = useSearchParams()
  const [first] = useState(params.get('case') ?? '')
  const change = (next: Record<string, string>) =>
    setParams(
      (before) => {
        const given = new URLSearchParams(before)
        for (const [key, value] of Object.entries(next))
          if (value) given.set(key, value)
          else given.delete(key)
        return given
      },
      { replace: true },
    )
  const list: DispatchList = LISTS.find((each) => each === params.get('list')) ?? 'open'
  return {
    list,
    first,
    service: params.get('service') ?? '',
    person: params.get('person') ?? '',
    sort: params.get('sort') ?? '',
    setList: (next: DispatchList) => change({ list: next }),
    setService: (service: string) => change({ service }),
    setPerson: (person: string) => change({ person }),
    setSort: (sort: string) => change({ sort }),
    remember,
  }
}

/** Keeps the selected case in the address without telling the router: nothing is drawn anew. */
function remember(id: string): void {
  const here = new URL(location.href)
  if (id) here.searchParams.set('case', id)
  else here.searchParams.delete('case')
  history.replaceState(history.state, '', here)
}
