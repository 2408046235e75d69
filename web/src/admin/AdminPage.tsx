/** 管理: each administrator sees their own pages and no others (三员分立). */
import { Tabs } from 'antd'
import { Navigate, Outlet, useLocation, useNavigate } from 'react-router'
import { useMe } from '../session/session'
import { Empty } from '../shared/Empty'
import page from '../shared/page.module.css'
import type { Me } from '../shared/schema'
import { useWords } from './words'

const PLACES = [
  { path: 'accounts', permission: 'manage-accounts' },
  { path: 'sessions', permission: 'manage-sessions' },
  { path: 'audit', permission: 'see-audit' },
  { path: 'system', permission: 'see-system' },
] as const

function placesOf(me: Me) {
  return PLACES.filter((place) => me.permissions.includes(place.permission))
}

export function AdminPage() {
  const t = useWords()
  const go = useNavigate()
  const places = placesOf(useMe())
  const here = useLocation().pathname.split('/')[2] ?? ''
  const [first] = places
  if (first === undefined) return <Empty title={t('nothing')} teach={t('nothingTeach')} />
  if (!places.some((place) => place.path === here))
    return <Navigate to={`/admin/${first.path}`} replace />
  return (
    <main className={page.page}>
      <h1 className={page.title}>{places.length === 1 ? t(first.path) : t('title')}</h1>
      <section className={page.card}>
        {places.length === 1 ? null : (
          <Tabs
            activeKey={here}
            onChange={(path) => void go(`/admin/${path}`)}
            items={places.map((place) => ({ key: place.path, label: t(place.path) }))}
          />
        )}
        <Outlet />
      </section>
    </main>
  )
}
