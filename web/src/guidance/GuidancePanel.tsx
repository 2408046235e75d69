/** The advice timeline beside the pictures of the operation, while it is guided. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import { guidanceQuery } from './api'
import { Timeline } from './Timeline'

export function GuidancePanel({ requestId }: { requestId: string }) {
  const { data, error, refetch } = useQuery({
    ...guidanceQuery(requestId),
    refetchOnMount: 'always',
  })
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton active paragraph={{ rows: 4 }} />
  return <Timeline id={requestId} course={data} bare />
}
