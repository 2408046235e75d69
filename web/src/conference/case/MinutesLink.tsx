/** The way from an appointment to its minutes, with where they are; for whoever may read them. */
import { FileTextOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Tag } from 'antd'
import { Link } from 'react-router'
import { useMeeting } from '../../requests/api'
import { pick } from '../../shared/words'
import { minutesQuery } from './api'
import { useWords } from './words'

const WITH_MINUTES: readonly string[] = ['confirmed', 'under way', 'ended']

export function MinutesLink({ id, state }: { id: string; state: string }) {
  const t = useWords()
  const { data } = useQuery({ ...minutesQuery(id), enabled: WITH_MINUTES.includes(state) })
  const meeting = useMeeting(data?.service)
  if (!data) return null
  const signed = data.closing?.signatures.filter((one) => one.at !== null).length ?? 0
  return (
    <p>
      <Link to={`/appointments/${id}/minutes`}>
        <FileTextOutlined aria-hidden /> {t('title', { meeting })}
      </Link>{' '}
      <Tag color={data.allowed.includes('sign') ? 'warning' : undefined}>
        {data.allowed.includes('sign') ? t('signNow') : pick(data.state_words)}
      </Tag>
      {data.closing
        ? t('signedCount', { done: signed, all: data.closing.signatures.length })
        : null}
    </p>
  )
}
