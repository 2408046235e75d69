import { defineWords } from '../shared/words'

export const { useWords } = defineWords('notices', {
  title: ['提醒', 'Notices'],
  bell: ['提醒，{{n}} 条未读', 'Notices, {{n}} unread'],
  all: ['全部提醒与设置', 'All notices and settings'],
  readAll: ['全部标为已读', 'Mark all read'],
  none: ['没有提醒', 'No notices'],
  noneTeach: [
    '申请无人领取、临近时限、被退回，危急值等待确认，记录等您签名，或有预约、培训的邀请、变动和临近开始时，会在这里提醒您。',
    'You are told here when a request waits to be claimed, nears its due time or was returned, when a critical finding waits, when minutes are to be signed, and when an appointment or a lecture is yours, changes or begins soon.',
  ],
  again: ['第 {{n}} 次', 'time {{n}}'],
  over: ['已处理', 'Settled'],
  takeOn: ['我来处理', 'I take it on'],
  unanswered: ['无人响应', 'Unanswered'],
  unansweredNone: ['没有无人响应的事项', 'Everything is answered for'],
  exhausted: ['已逐级提醒完毕', 'Ladder exhausted'],
  climbing: ['已提醒 {{told}}/{{rungs}} 级', 'Rung {{told}} of {{rungs}}'],
  since: ['始于', 'Begun'],
  sentBy: ['{{channel}} {{state}} {{n}}', '{{channel}} {{state}} {{n}}'],
  preferences: ['接收方式', 'How to be told'],
  always: [
    '页面内提醒始终开启；危急值会通过所有已登记的方式通知。',
    'Notices in the page are always on; critical findings go by every way you can be reached.',
  ],
  email: ['邮箱', 'E-mail'],
  phone: ['手机号', 'Mobile number'],
  wecom: ['企业微信账号', 'WeCom account'],
  urgent: ['紧急提醒', 'Urgent notices'],
  routine: ['普通提醒', 'Routine notices'],
  push: ['浏览器推送', 'Browser push'],
  sms: ['短信', 'SMS'],
  quiet: ['免打扰时段（不影响紧急和危急）', 'Quiet hours (urgent and critical come through)'],
  onCall: ['值班至（值班时不免打扰）', 'On call until (no quiet hours meanwhile)'],
  save: ['保存', 'Save'],
  saved: ['已保存', 'Saved'],
  pushOn: ['在此浏览器开启推送', 'Turn on push in this browser'],
  pushDone: ['此浏览器已开启推送', 'Push is on in this browser'],
  pushRefused: [
    '浏览器未允许推送，请在浏览器设置中允许通知。',
    'The browser refused. Allow notifications in its settings.',
  ],
  noWays: [
    '本平台目前只有页面内提醒；先登记联系方式，开通后即可收到。',
    ' For now there is nothing but the page here; what you enter is used when more is set up.',
  ],
})

export const STATES: Record<string, [string, string]> = {
  waiting: ['待发', 'waiting'],
  accepted: ['已发', 'sent'],
  delivered: ['已送达', 'delivered'],
  read: ['已读', 'read'],
  failed: ['失败', 'failed'],
  over: ['无需发送', 'not needed'],
}
