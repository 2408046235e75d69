/** Notices: what goes unanswered (for who moves cases), what one was told, how one is told. */
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useMe } from '../session/session'
import page from '../shared/page.module.css'
import { noticesQuery, useRead } from './api'
import { NoticeList } from './NoticeList'
import styles from './notices.module.css'
import { PreferencesForm } from './PreferencesForm'
import { Unanswered } from './Unanswered'
import { useWords } from './words'

export function NoticesPage() {
  const t = useWords()
  const me = useMe()
  const { data } = useQuery(noticesQuery)
  const read = useRead()
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <div className={page.head}>
        <h1 className={page.title}>{t('title')}</h1>
        {Object.keys(data?.unread ?? {}).length > 0 ? (
          <Button onClick={() => read.mutate(null)}>{t('readAll')}</Button>
        ) : null}
      </div>
      <div className={styles.columns}>
        <div className={styles.main}>
          {me.permissions.includes('move-requests') ? (
            <section className={page.card}>
              <h2 className={page.subtitle}>{t('unanswered')}</h2>
              <Unanswered />
            </section>
          ) : null}
          <section className={page.card}>
            <NoticeList items={data?.items ?? []} />
          </section>
        </div>
        <section className={page.card}>
          <h2 className={page.subtitle}>{t('preferences')}</h2>
          <PreferencesForm />
        </section>
      </div>
    </main>
  )
}
