/** Whose hours are when, who is on leave, and which rooms there are: what a time is found in. */
import { useQuery } from '@tanstack/react-query'
import { Drawer, Select, Tabs } from 'antd'
import { useState } from 'react'
import { weekQuery } from '../roster/api'
import { dayAfter, dayOf, midnight, mondayOf } from '../roster/days'
import { useMe } from '../session/session'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import { pick } from '../shared/words'
import { CalendarLinks, useLinksTitle } from './CalendarLinks'
import { HoursForm } from './HoursForm'
import styles from './KeepDrawer.module.css'
import { calendarQuery } from './keeping'
import { LeaveList } from './LeaveList'
import { RoomList } from './RoomList'
import { useWords } from './words'

/** Who can be chosen, and whom they may cover. */
export interface Choice {
  value: string
  label: string
}

export function KeepDrawer({ onClose }: { onClose: () => void }) {
  const t = useWords()
  const me = useMe()
  const keeps = me.permissions.includes('keep-roster')
  const people = usePeople(keeps)
  const linksTitle = useLinksTitle()
  return (
    <Drawer open size={620} title={t('keep')} onClose={onClose}>
      <Tabs
        items={[
          { key: 'people', label: t('hours'), children: <Person people={people} keeps={keeps} /> },
          ...(keeps ? [{ key: 'rooms', label: t('rooms'), children: <RoomList /> }] : []),
          ...(me.person_id
            ? [{ key: 'links', label: linksTitle, children: <CalendarLinks /> }]
            : []),
        ]}
      />
    </Drawer>
  )
}

function Person({ people, keeps }: { people: Choice[]; keeps: boolean }) {
  const t = useWords()
  const me = useMe()
  const [chosen, setChosen] = useState<string | null>(null)
  const id = chosen ?? me.person_id ?? people[0]?.value ?? ''
  const first = dayOf(serverNow())
  const stretch = {
    since: new Date(midnight(first)).toISOString(),
    until: new Date(midnight(dayAfter(first, 400))).toISOString(),
  }
  const { data, error, refetch } = useQuery(calendarQuery(id, stretch))
  return (
    <>
      {keeps ? (
        <Select
          className={styles.who}
          aria-label={t('person')}
          showSearch={{ optionFilterProp: 'label' }}
          value={id || null}
          options={people}
          onChange={setChosen}
        />
      ) : null}
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data ? (
        <>
          {/* A form of its own for each: what is typed for one is never saved for another. */}
          <HoursForm key={`${id}-hours`} id={id} rows={data.hours} keeps={keeps} />
          <LeaveList key={`${id}-leave`} id={id} rows={data.exceptions} people={people} />
        </>
      ) : null}
    </>
  )
}

/** The own staff for whoever keeps their hours; oneself for everybody else. */
function usePeople(keeps: boolean): Choice[] {
  const me = useMe()
  const week = { ...weekQuery(mondayOf(dayOf(serverNow()))), enabled: keeps }
  const { data } = useQuery(week)
  if (!keeps) return me.person_id ? [{ value: me.person_id, label: me.name }] : []
  return (data?.people ?? []).map((each) => ({
    value: each.id,
    label: `${each.name}（${pick(each.title)}）`,
  }))
}
