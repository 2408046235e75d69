/** A conference on its appointment: the door, and what the checks of devices and lines found. */
import { VideoCameraOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { useMeeting } from '../requests/api'
import type { AppointmentWhole } from '../shared/schema'
import { conferenceQuery } from './api'
import { Checks } from './Panels'
import { useWords } from './words'

const WITH_ROOM: readonly string[] = ['confirmed', 'under way', 'ended']

/** No door for those who are not invited: the server says so, and they have no use for it. */
export function AppointmentConference({ one }: { one: AppointmentWhole }) {
  const t = useWords()
  const meeting = useMeeting(one.service)
  const { data } = useQuery({ ...conferenceQuery(one.id), enabled: WITH_ROOM.includes(one.state) })
  if (!data) return null
  return (
    <>
      {one.state === 'ended' ? null : (
        <p>
          <Link to={`/conference/${one.id}`}>
            <VideoCameraOutlined aria-hidden /> {t('enterRoom', { meeting })}
          </Link>
        </p>
      )}
      <Checks conference={data} />
    </>
  )
}
