/** What the calendar's page opens beside the calendar; on a phone all but the first behind one key. */
import {
  EllipsisOutlined,
  HourglassOutlined,
  LineChartOutlined,
  PlusOutlined,
  SettingOutlined,
} from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Badge, Button, Dropdown } from 'antd'
import { CallNow } from '../calls/CallDialog'
import { useMe } from '../session/session'
import { useNarrow } from '../shared/useNarrow'
import { BookDialog } from './BookDialog'
import styles from './CalendarPage.module.css'
import { KeepDrawer } from './KeepDrawer'
import { OutlookDrawer } from './OutlookDrawer'
import { useOutlookWords } from './outlookWords'
import type { Asked } from './StepDialog'
import { goesOn, WaitList } from './WaitList'
import { waitingQuery } from './waiting'
import { useWords as useWaitingWords } from './waitingWords'
import { useWords } from './words'

export type Aside = 'ahead' | 'waits' | 'keeping' | 'booking'

interface ToolsProps {
  books: boolean
  onOpen: (aside: Aside) => void
}

export function Tools({ books, onOpen }: ToolsProps) {
  const t = useWords()
  const narrow = useNarrow()
  const { offered, asides } = useAsides()
  return (
    <div className={styles.bar}>
      {narrow ? (
        <Badge dot={offered}>
          <Dropdown
            trigger={['click']}
            menu={{
              items: asides.map(({ key, label, icon }) => ({ key, label, icon })),
              onClick: ({ key }) => onOpen(key as Aside),
            }}
          >
            <Button icon={<EllipsisOutlined />}>{t('more')}</Button>
          </Dropdown>
        </Badge>
      ) : (
        asides.map(({ key, label, icon }) => (
          <Badge key={key} dot={key === 'waits' && offered}>
            <Button icon={icon} onClick={() => onOpen(key)}>
              {label}
            </Button>
          </Badge>
        ))
      )}
      {books ? <CallNow /> : null}
      {books ? (
        <Button type="primary" icon={<PlusOutlined />} onClick={() => onOpen('booking')}>
          {t('book')}
        </Button>
      ) : null}
    </div>
  )
}

/** The drawers that one may open, and whether a time is kept for somebody here. */
function useAsides() {
  const t = useWords()
  const outlook = useOutlookWords()
  const waiting = useWaitingWords()
  const me = useMe()
  const going = useQuery(waitingQuery).data?.waiting.filter(goesOn) ?? []
  const waits = going.length > 0 ? waiting('count', { n: going.length }) : waiting('title')
  const asides: { key: Aside; label: string; icon: React.ReactNode }[] = [
    { key: 'waits', label: waits, icon: <HourglassOutlined /> },
    { key: 'keeping', label: t('keep'), icon: <SettingOutlined /> },
  ]
  if (me.permissions.includes('keep-roster'))
    asides.unshift({ key: 'ahead', label: outlook('open'), icon: <LineChartOutlined /> })
  const offered = going.some(
    (each) => each.state === 'offered' && each.requester_id === me.institution?.id,
  )
  return { offered, asides }
}

interface AsidesProps {
  open: Aside | null
  onClose: () => void
  onAppointment: (id: string) => void
  onAsk: (asked: Asked) => void
}

/** The one that is open. */
export function Asides({ open, onClose, onAppointment, onAsk }: AsidesProps) {
  if (open === 'ahead') return <OutlookDrawer onClose={onClose} />
  if (open === 'keeping') return <KeepDrawer onClose={onClose} />
  if (open === 'booking') return <BookDialog onClose={onClose} onBooked={onAppointment} />
  if (open === 'waits')
    return (
      <WaitList
        onClose={onClose}
        onAsk={onAsk}
        onOpen={(id) => {
          onClose()
          onAppointment(id)
        }}
      />
    )
  return null
}
