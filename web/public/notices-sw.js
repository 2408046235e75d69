// Shows a push while no page is open. It is told ids, an occasion and a count; it fetches nothing.
const WORDS = {
  zh: {
    title: '远程医疗平台',
    assigned: '有申请指派给您',
    'overflow-asked': '有申请等您决定是否转送',
    unclaimed: '有申请等待领取',
    deadline: '有申请临近或超过时限',
    returned: '有退回的申请等待补充',
    'critical-unacknowledged': '有危急值等待确认',
    'critical-not-acted': '有危急值等待登记处置',
    invited: '有预约邀请您参加',
    'appointment-to-confirm': '有预约等待确认',
    'appointment-set': '有预约已确认',
    'appointment-off': '有预约已取消',
    'appointment-near': '有预约即将开始',
    'seat-declined': '有受邀人谢绝，席位空缺',
    'seat-given-away': '您在预约中的席位已由他人接替',
    'seat-left': '您已谢绝预约，日历中的安排随之取消',
    'watch-set': '您可观摩的预约已确认',
    'watch-moved': '您可观摩的预约改期，待确认',
    'watch-off': '您可观摩的预约已取消',
    'watch-unlisted': '您已不在一场预约的观摩名单中',
    'time-offered': '候补的预约时间有了，请尽快提交',
    'follow-up-due': '有患者随访到期，请反馈',
    'approval-waiting': '有申请等您审批',
    'expert-asked': '邀请您出具专家意见',
    'minutes-to-sign': '有记录等待签名',
    'course-to-review': '有培训课程等您审核',
    'course-reviewed': '您申请的培训课程已审核',
    'moved-up': '您候补的培训有名额了',
    'lecture-near': '您报名的培训即将开始',
    'lecture-moved': '您报名的培训时间或地点有变',
    'lecture-off': '您报名的培训已取消',
    'credit-given': '您获得了培训学分',
    calling: '急会诊正在呼叫您，请立即接听',
    'calling-unanswered': '急会诊呼叫无人接听',
    other: '有新的提醒',
    unread: (n) => `共 ${n} 条未读`,
  },
  en: {
    title: 'Telemedicine',
    assigned: 'A request was assigned to you',
    'overflow-asked': 'A request waits for your word to pass it on',
    unclaimed: 'A request waits to be claimed',
    deadline: 'A request nears or is past its due time',
    returned: 'A returned request waits for more material',
    'critical-unacknowledged': 'A critical finding waits to be acknowledged',
    'critical-not-acted': 'What was done about a critical finding is to be entered',
    invited: 'You are invited to a session',
    'appointment-to-confirm': 'An appointment waits to be confirmed',
    'appointment-set': 'An appointment is confirmed',
    'appointment-off': 'An appointment is off',
    'appointment-near': 'An appointment begins soon',
    'seat-declined': 'Somebody invited will not come: their seat is empty',
    'seat-given-away': 'Somebody else has your seat',
    'seat-left': 'You declined: it leaves your calendar',
    'watch-set': 'A session that you may watch is confirmed',
    'watch-moved': 'A session that you may watch is moved',
    'watch-off': 'A session that you may watch is off',
    'watch-unlisted': 'You are no longer listed to watch a session',
    'time-offered': 'A time you waited for is free: propose it soon',
    'follow-up-due': 'A patient is to be followed up',
    'approval-waiting': 'A request waits for your approval',
    'expert-asked': 'You are asked for an opinion',
    'minutes-to-sign': 'Minutes wait for a signature',
    'course-to-review': 'A course waits for your review',
    'course-reviewed': 'The course you applied with was reviewed',
    'moved-up': 'You have a place in a lecture you waited for',
    'lecture-near': 'A lecture you enrolled in begins soon',
    'lecture-moved': 'A lecture you enrolled in has another time or place',
    'lecture-off': 'A lecture you enrolled in is off',
    'credit-given': 'You were given a course\'s credit',
    calling: 'You are called urgently: answer now',
    'calling-unanswered': 'Nobody answered an urgent call',
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
      tag: `${told.occasion}-${told.appointment_id || told.call_id || told.lecture_id || told.course_id || told.request_id}`,
      renotify: told.weight !== 'routine',
      requireInteraction: told.weight === 'critical' || told.occasion === 'calling',
      data: {
        request: String(told.request_id || ''),
        appointment: String(told.appointment_id || ''),
        call: String(told.call_id || ''),
        course: String(told.course_id || ''),
        lecture: String(told.lecture_id || ''),
        occasion: String(told.occasion || ''),
      },
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const { request, appointment, call, course, lecture, occasion } = event.notification.data
  const isId = (id) => /^[A-Za-z0-9-]+$/.test(id)
  const path = isId(appointment)
    ? occasion === 'minutes-to-sign'
      ? `/appointments/${appointment}/minutes`
      : `/appointments?open=${appointment}`
    : isId(request)
      ? `/requests/${request}`
      : isId(lecture)
        ? `/training/lectures/${lecture}`
        : isId(course)
          ? `/training/courses/${course}`
          : isId(call)
            ? '/appointments'
            : '/notices'
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((pages) => {
      const open = pages.find((page) => 'navigate' in page)
      return open ? open.navigate(path).then((page) => page && page.focus()) : self.clients.openWindow(path)
    }),
  )
})
