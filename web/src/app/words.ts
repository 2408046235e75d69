/** Words of the frame around every page. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('app', {
  product: ['远程诊断协作平台', 'Telemed'],
  skip: ['跳到正文', 'Skip to content'],
  nav: ['主导航', 'Main navigation'],
  work: ['工作台', 'Worklist'],
  dispatch: ['调度台', 'Dispatch'],
  requests: ['我的申请', 'My requests'],
  approvals: ['院内审批', 'Approvals'],
  studies: ['影像资料', 'Studies'],
  care: ['影像管理', 'Image care'],
  roster: ['值班表', 'Roster'],
  appointments: ['预约日程', 'Calendar'],
  training: ['教育培训', 'Training'],
  tally: ['统计', 'Tally'],
  fairness: ['派单公平', 'Fairness'],
  admin: ['管理', 'Administration'],
  network: ['网络', 'Network'],
  more: ['更多', 'More'],
  live: ['实时连接正常', 'Live: connected'],
  liveShort: ['实时', 'Live'],
  connecting: ['正在连接…', 'Connecting…'],
  lost: ['连接中断，正在重连；列表可能不是最新', 'Line lost, reconnecting; lists may be old'],
  lostShort: ['重连中', 'Reconnecting'],
  alerts: ['待我处理 {{n}} 项', '{{n}} waiting for me'],
  alertsTitle: ['待我处理', 'Waiting for me'],
  alertsNone: [
    '没有待处理事项。退回、危急值和新报告会出现在这里。',
    'Nothing waits. Returns, critical findings and new reports show here.',
  ],
  region: ['监管范围 {{code}}', 'Region {{code}}'],
  dark: ['深色界面', 'Dark theme'],
  light: ['浅色界面', 'Light theme'],
  language: ['English', '中文'],
  account: ['密码与会话', 'Password and sessions'],
  signOut: ['退出登录', 'Sign out'],
  demo: ['演示环境', 'Demo'],
  statArrived: ['新到紧急申请：{{service}}', 'A stat request came in: {{service}}'],
  urgentArrived: ['新到加急申请：{{service}}', 'An urgent request came in: {{service}}'],
  assigned: ['新指派给您 {{n}} 例', '{{n}} assigned to you'],
  look: ['查看', 'Look'],
  mute: ['关闭新申请提示音', 'Mute arrivals'],
  unmute: ['打开新申请提示音', 'Sound arrivals'],
  me: ['{{name}} 的菜单', "{{name}}'s menu"],
  uploading: ['上传 {{percent}}%', 'Uploading {{percent}}%'],
  uploadHeld: ['上传已暂停', 'Upload paused'],
  uploadDone: ['上传完成', 'Upload done'],
  uploadFaults: ['{{n}} 个文件需处理', '{{n}} files need attention'],
  failedTitle: ['这一页出错了', 'This page broke'],
  failedKept: [
    '已保存的草稿都在服务器上，没有丢失。',
    'Saved drafts are on the server; nothing saved was lost.',
  ],
  failedNew: ['平台刚刚更新，请刷新页面。', 'The platform was just updated; please reload.'],
  reload: ['刷新页面', 'Reload'],
  home: ['回到首页', 'Go to my day'],
  notFound: ['没有这一页', 'No such page'],
  notFoundTeach: [
    '地址可能写错了，或内容已移走。',
    'The address may be wrong, or the page has moved.',
  ],
})

export type PlaceKey =
  | 'work'
  | 'dispatch'
  | 'requests'
  | 'approvals'
  | 'studies'
  | 'care'
  | 'roster'
  | 'appointments'
  | 'training'
  | 'tally'
  | 'fairness'
  | 'admin'
  | 'network'
