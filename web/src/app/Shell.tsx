/** The frame: a slim bar on top, the page below it. On a phone the doors move to the bottom. */
import {
  ApartmentOutlined,
  AuditOutlined,
  BarChartOutlined,
  CalendarOutlined,
  DeploymentUnitOutlined,
  FileDoneOutlined,
  FileTextOutlined,
  FolderOpenOutlined,
  PieChartOutlined,
  ReadOutlined,
  ScheduleOutlined,
  SettingOutlined,
  TeamOutlined,
} from '@ant-design/icons'
import { type ComponentType, Suspense } from 'react'
import { NavLink, Outlet, useNavigation } from 'react-router'
import { IncomingCall } from '../calls/IncomingCall'
import { NoticeBell } from '../notices/NoticeBell'
import { SessionEnded } from '../session/SessionEnded'
import { useMe } from '../session/session'
import { Alerts } from './Alerts'
import { Arrivals } from './Arrivals'
import { CriticalDialog } from './CriticalDialog'
import { Doors } from './Doors'
import { PersonMenu } from './PersonMenu'
import { placesOf } from './routes'
import styles from './Shell.module.css'
import { LiveDot, UploadChip } from './signals'
import { type PlaceKey, useWords } from './words'

const ICONS: Record<PlaceKey, ComponentType> = {
  work: ReadOutlined,
  dispatch: DeploymentUnitOutlined,
  requests: FileTextOutlined,
  approvals: FileDoneOutlined,
  studies: FolderOpenOutlined,
  care: AuditOutlined,
  roster: CalendarOutlined,
  appointments: ScheduleOutlined,
  training: TeamOutlined,
  tally: BarChartOutlined,
  fairness: PieChartOutlined,
  admin: SettingOutlined,
  network: ApartmentOutlined,
}

export function Shell() {
  const t = useWords()
  const me = useMe()
  const moving = useNavigation().state !== 'idle'
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t('skip')}
      </a>
      <header className={styles.bar}>
        <NavLink to="/" className={styles.mark} aria-label={t('product')}>
          <img src="/mark.svg" alt="" width={24} height={24} />
          <span className={styles.product}>{t('product')}</span>
        </NavLink>
        <Doors places={placesOf(me)} icons={ICONS} />
        <div className={styles.right}>
          {me.demo ? <span className={styles.demo}>{t('demo')}</span> : null}
          <UploadChip />
          <LiveDot />
          {me.permissions.includes('write-requests') ? <Alerts /> : null}
          <NoticeBell />
          <PersonMenu />
        </div>
        {moving ? <div className={styles.moving} aria-hidden /> : null}
      </header>
      <div id="content" className={styles.content}>
        <Suspense>
          <Outlet />
        </Suspense>
      </div>
      {me.permissions.includes('write-requests') ? <CriticalDialog /> : null}
      {me.permissions.includes('read-queue') ? <Arrivals /> : null}
      <IncomingCall />
      <SessionEnded />
    </div>
  )
}
