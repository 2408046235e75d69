/** What one was told, what goes unanswered, and how one wants to be told. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS } from '../shared/queries'
import type { components } from '../shared/schema'

export type Notice = components['schemas']['NoticeOut']
export type Escalation = components['schemas']['EscalationOut']
export type Preferences = components['schemas']['PreferencesIn']

type Named = 'occasion' | 'request_id' | 'appointment_id' | 'course_id' | 'lecture_id'

/** The page that a notice opens: the case, minutes to sign, the lecture, the course, or the calendar,
    with the appointment if there is one. */
export function pathOf(item: Pick<Notice, Named>): string {
  if (item.lecture_id !== null) return `/training/lectures/${item.lecture_id}`
  if (item.course_id !== null) return `/training/courses/${item.course_id}`
  if (item.occasion === 'minutes-to-sign') return `/appointments/${item.appointment_id}/minutes`
  if (item.request_id !== null) return `/requests/${item.request_id}`
  return item.appointment_id === null
    ? '/appointments'
    : `/appointments?open=${item.appointment_id}`
}

export const noticesQuery = queryOptions({
  queryKey: [KEYS.notices],
  queryFn: () => body(api.GET('/api/notices', {})),
})

export const escalationsQuery = queryOptions({
  queryKey: [KEYS.notices, 'escalations'],
  queryFn: () => body(api.GET('/api/escalations', {})),
})

export const preferencesQuery = queryOptions({
  queryKey: [KEYS.notices, 'preferences'],
  queryFn: () => body(api.GET('/api/notices/preferences', {})),
})

function useAgain<T>(mutationFn: (what: T) => Promise<unknown>) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn,
    onSuccess: () => void cache.invalidateQueries({ queryKey: [KEYS.notices] }),
  })
}

/** Some are read; null for all. */
export const useRead = () =>
  useAgain((ids: string[] | null) => body(api.POST('/api/notices/read', { body: { ids } })))

export const useTakeOn = () =>
  useAgain((id: string) =>
    body(api.POST('/api/escalations/{id}/take-on', { params: { path: { id } } })),
  )

export const useSavePreferences = () =>
  useAgain((chosen: Preferences) => body(api.PUT('/api/notices/preferences', { body: chosen })))

/** Let this browser take pushes; Error when the person or the browser refuses. */
export const useSubscribe = () =>
  useAgain(async (key: string) => {
    if ((await Notification.requestPermission()) !== 'granted') throw new Error('refused')
    await navigator.serviceWorker.register('/notices-sw.js')
    const worker = await navigator.serviceWorker.ready
    const made = await worker.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key,
    })
    const { endpoint, keys } = made.toJSON()
    if (endpoint === undefined || keys?.p256dh === undefined || keys.auth === undefined)
      throw new Error('refused')
    const told = { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } }
    return body(api.POST('/api/notices/push', { body: told }))
  })
