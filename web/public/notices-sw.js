// Shows a push while no page is open. It is told ids, an occasion and a count; it fetches nothing.
const WORDS = {
  zh: {
    title: '远程医疗平台',
    unclaimed: '有紧急申请等待领取',
    deadline: '有申请临近或超过时限',
    returned: '有退回的申请等待补充',
    'critical-unacknowledged': '有危急值等待确认',
    'critical-not-acted': '有危急值等待登记处置',
    other: '有新的提醒',
    unread: (n) => `共 ${n} 条未读`,
  },
  en: {
    title: 'Telemedicine',
    unclaimed: 'A request waits to be claimed',
    deadline: 'A request nears or is past its due time',
    returned: 'A returned request waits for more material',
    'critical-unacknowledged': 'A critical finding waits to be acknowledged',
    'critical-not-acted': 'What was done about a critical finding is to be entered',
    other: 'There is a new notice',
    unread: (n) => `${n} unread`,
  },
}

self.addEventListener('push', (event) => {
  let told = {}
  try {
    told = event.data ? event.data.json() : {}
  } catch {
    told = {}
  }
  const words = navigator.language.startsWith('zh') ? WORDS.zh : WORDS.en
  const line = words[told.occasion] || words.other
  event.waitUntil(
    self.registration.showNotification(words.title, {
      body: `${line}\n${words.unread(Number(told.unread) || 1)}`,
      icon: '/mark.svg',
      tag: `${told.occasion}-${told.request_id}`,
      renotify: told.weight !== 'routine',
      requireInteraction: told.weight === 'critical',
      data: { request: String(told.request_id || '') },
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const id = event.notification.data.request
  const path = /^[A-Za-z0-9-]+$/.test(id) ? `/requests/${id}` : '/notices'
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((pages) => {
      const open = pages.find((page) => 'navigate' in page)
      return open ? open.navigate(path).then((page) => page && page.focus()) : self.clients.openWindow(path)
    }),
  )
})
