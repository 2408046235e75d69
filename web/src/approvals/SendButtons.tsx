/** Sending a draft: at once, for approval first, or urgently before an approval that is owed. */
import { useQuery } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import type { RequestOut } from '../shared/schema'
import { caseApprovalsQuery } from './api'
import { useWords } from './words'

interface Props {
  item: RequestOut
  /** What the button says where nobody in house is asked. */
  word: string
  disabled: boolean
  loading: boolean
  onSend: (bypass: boolean) => void
}

export function SendButtons({ item, word, disabled, loading, onSend }: Props) {
  const t = useWords()
  // Asked anew for each urgency: which may go ahead is data of the server.
  const found = useQuery({
    ...caseApprovalsQuery(item.id),
    queryKey: [...caseApprovalsQuery(item.id).queryKey, item.urgency],
    enabled: item.state === 'draft',
  }).data
  const asked = item.state === 'draft' && found?.asked === true
  return (
    <>
      <Button
        type="primary"
        size="large"
        block
        disabled={disabled}
        loading={loading}
        onClick={() => onSend(false)}
      >
        {asked ? t('sendForApproval') : word}
      </Button>
      {asked && found.bypass ? (
        <Popconfirm title={t('sendNowSure')} onConfirm={() => onSend(true)}>
          <Button block danger disabled={disabled} loading={loading}>
            {t('sendNow')}
          </Button>
        </Popconfirm>
      ) : null}
    </>
  )
}
