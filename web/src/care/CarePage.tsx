/** 影像管理: what waits for a decision, what is hidden or held, who was registered twice. */
import { Tabs } from 'antd'
import { Navigate, Outlet, useLocation, useNavigate } from 'react-router'
import page from '../shared/page.module.css'
import { useWords } from './words'

const PLACES = ['quarantine', 'removals', 'holds', 'doubles'] as const

export function CarePage() {
  const t = useWords()
  const go = useNavigate()
  const here = useLocation().pathname.split('/')[2] ?? ''
  if (!PLACES.some((place) => place === here)) return <Navigate to="/care/quarantine" replace />
  return (
    <main className={page.page}>
      <h1 className={page.title}>{t('title')}</h1>
      <section className={page.card}>
        <Tabs
          activeKey={here}
          onChange={(place) => void go(`/care/${place}`)}
          items={PLACES.map((place) => ({ key: place, label: t(place) }))}
        />
        <Outlet />
      </section>
    </main>
  )
}
