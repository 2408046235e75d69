/**
 * The map of the client: which page is whose day.
 *
 * A page is fetched when it is first opened; `places` are the doors in the top bar, shown to whom
 * the permission is given.
 */
import type { ComponentType } from 'react'
import type { RouteObject } from 'react-router'
import type { Me } from '../shared/schema'
import type { PlaceKey } from './words'

export interface Place {
  path: string
  label: PlaceKey
  /** Any of these roles sees the door. */
  roles: readonly string[]
}

const READING = ['reader', 'verifier', 'coordinator'] as const
const SENDING = ['requester', 'technician'] as const
const CARING = ['technician', 'coordinator'] as const
const ROSTERED = [...READING, 'institution_admin'] as const
const BOOKED = ['requester', ...ROSTERED] as const
const TAUGHT = [...SENDING, ...ROSTERED] as const
const COUNTING = ['institution_admin', 'regulator', 'coordinator'] as const
const APPROVING = ['department_head', 'medical_office'] as const
const KEEPING = ['system_admin', 'security_admin', 'audit_admin'] as const

export const PLACES: readonly Place[] = [
  { path: '/work', label: 'work', roles: READING },
  { path: '/dispatch', label: 'dispatch', roles: ['coordinator'] },
  { path: '/requests', label: 'requests', roles: ['requester'] },
  { path: '/approvals', label: 'approvals', roles: APPROVING },
  { path: '/studies', label: 'studies', roles: [...SENDING, ...READING] },
  { path: '/care', label: 'care', roles: CARING },
  { path: '/tally', label: 'tally', roles: COUNTING },
  { path: '/fairness', label: 'fairness', roles: ['institution_admin'] },
  { path: '/roster', label: 'roster', roles: ROSTERED },
  { path: '/appointments', label: 'appointments', roles: BOOKED },
  { path: '/training', label: 'training', roles: TAUGHT },
  { path: '/admin', label: 'admin', roles: KEEPING },
  { path: '/network', label: 'network', roles: [...COUNTING, 'system_admin'] },
]

export function placesOf(me: Me): Place[] {
  return PLACES.filter((place) => place.roles.some((role) => me.roles.includes(role)))
}

/** The page a person's day begins on. */
export function homeOf(me: Me): string {
  // Who only moves work begins where it is moved.
  if (me.permissions.includes('assign-work') && !me.permissions.includes('write-reports'))
    return '/dispatch'
  return placesOf(me)[0]?.path ?? '/requests'
}

type PageModule = Record<string, unknown>

function page(load: () => Promise<PageModule>, name: string): Pick<RouteObject, 'lazy'> {
  return { lazy: async () => ({ Component: (await load())[name] as ComponentType }) }
}

export const PAGES: RouteObject[] = [
  { path: 'notices', ...page(() => import('../notices/NoticesPage'), 'NoticesPage') },
  { path: 'requests', ...page(() => import('../requests/DayPage'), 'DayPage') },
  { path: 'requests/:id', ...page(() => import('../requests/CasePage'), 'CasePage') },
  { path: 'requests/:id/edit', ...page(() => import('../requests/FormPage'), 'FormPage') },
  { path: 'settlement', ...page(() => import('../requests/SettlementPage'), 'SettlementPage') },
  { path: 'outcomes', ...page(() => import('../requests/OutcomesPage'), 'OutcomesPage') },
  { path: 'approvals', ...page(() => import('../approvals/ApprovalsPage'), 'ApprovalsPage') },
  { path: 'new', ...page(() => import('../requests/NewPage'), 'NewPage') },
  { path: 'work', ...page(() => import('../reading/DeskPage'), 'DeskPage') },
  { path: 'dispatch', ...page(() => import('../dispatch/DispatchPage'), 'DispatchPage') },
  { path: 'fairness', ...page(() => import('../fairness/FairnessPage'), 'FairnessPage') },
  { path: 'handover', ...page(() => import('../handover/HandoverPage'), 'HandoverPage') },
  { path: 'roster', ...page(() => import('../roster/RosterPage'), 'RosterPage') },
  {
    path: 'appointments',
    ...page(() => import('../appointments/CalendarPage'), 'CalendarPage'),
  },
  {
    path: 'appointments/:id/minutes',
    ...page(() => import('../conference/case/MinutesPage'), 'MinutesPage'),
  },
  { path: 'training', ...page(() => import('../training/TrainingPage'), 'TrainingPage') },
  {
    path: 'training/courses/new',
    ...page(() => import('../training/CourseForm'), 'NewCourse'),
  },
  {
    path: 'training/courses/:id',
    ...page(() => import('../training/CoursePage'), 'CoursePage'),
  },
  {
    path: 'training/courses/:id/edit',
    ...page(() => import('../training/CourseForm'), 'EditCourse'),
  },
  { path: 'training/courses/:id/quiz', ...page(() => import('../training/QuizPage'), 'QuizPage') },
  {
    path: 'training/lectures/:id',
    ...page(() => import('../training/LecturePage'), 'LecturePage'),
  },
  { path: 'studies', ...page(() => import('../studies/StudiesPage'), 'StudiesPage') },
  {
    path: 'care',
    ...page(() => import('../care/CarePage'), 'CarePage'),
    children: [
      { path: 'quarantine', ...page(() => import('../care/QuarantinePage'), 'QuarantinePage') },
      { path: 'removals', ...page(() => import('../care/RemovalsPage'), 'RemovalsPage') },
      { path: 'holds', ...page(() => import('../care/HoldsPage'), 'HoldsPage') },
      { path: 'doubles', ...page(() => import('../care/DoublesPage'), 'DoublesPage') },
    ],
  },
  { path: 'care/quarantine/:id', ...page(() => import('../care/ConflictPage'), 'ConflictPage') },
  { path: 'care/patients/:id', ...page(() => import('../care/PatientPage'), 'PatientPage') },
  { path: 'uploads', ...page(() => import('../uploads/UploadsPage'), 'UploadsPage') },
  { path: 'tally', ...page(() => import('../tally/TallyPage'), 'TallyPage') },
  { path: 'network', ...page(() => import('../network/NetworkPage'), 'NetworkPage') },
  { path: 'network/:id', ...page(() => import('../network/InstitutionPage'), 'InstitutionPage') },
  { path: 'me', ...page(() => import('../admin/MyAccountPage'), 'MyAccountPage') },
  {
    path: 'admin',
    ...page(() => import('../admin/AdminPage'), 'AdminPage'),
    children: [
      { path: 'accounts', ...page(() => import('../admin/AccountsPage'), 'AccountsPage') },
      { path: 'sessions', ...page(() => import('../admin/SessionTable'), 'SessionsPage') },
      { path: 'audit', ...page(() => import('../admin/AuditPage'), 'AuditPage') },
      { path: 'system', ...page(() => import('../admin/SystemPage'), 'SystemPage') },
    ],
  },
]
