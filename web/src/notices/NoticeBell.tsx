/** The bell of notices: how many are unread, the newest at hand, the rest one step away. */
import { NotificationOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Badge, Button, Popover } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { noticesQuery, useRead } from './api'
import { NoticeList } from './NoticeList'
import styles from './notices.module.css'
import { useWords } from './words'

const AT_HAND = 8

export function NoticeBell() {
  const t = useWords()
  const [open, setOpen] = useState(false)
  const { data } = useQuery(noticesQuery)
  const read = useRead()
  const unread = data?.unread ?? {}
  const count = Object.values(unread).reduce((sum, n) => sum + n, 0)
  const content = (
    <div className={styles.bell}>
      <NoticeList items={data?.items ?? []} most={AT_HAND} onGo={() => setOpen(false)} />
      <div className={styles.foot}>
        <Link to="/notices" onClick={() => setOpen(false)}>
          {t('all')}
        </Link>
        {count > 0 ? (
          <Button size="small" type="text" onClick={() => read.mutate(null)}>
            {t('readAll')}
          </Button>
        ) : null}
      </div>
    </div>
  )
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      title={t('title')}
      content={content}
    >
      <Button type="text" aria-label={t('bell', { n: count })}>
        <Badge count={count} size="small" overflowCount={99}>
          <NotificationOutlined className={styles.icon} />
        </Badge>
      </Button>
    </Popover>
  )
}
