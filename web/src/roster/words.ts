/** Words of the roster. */
import { defineWords, language } from '../shared/words'

export const { useWords, say } = defineWords('roster', {
  title: ['值班表', 'Roster'],
  before: ['上一周', 'Week before'],
  after: ['下一周', 'Week after'],
  thisWeek: ['本周', 'This week'],
  add: ['排班', 'Add a shift'],
  copyLast: ['复制上周', 'Copy last week'],
  more: ['更多', 'More'],
  export: ['导出本周（CSV）', 'Export this week (CSV)'],
  import: ['导入班次（CSV）', 'Import shifts (CSV)'],
  importedNone: ['文件里的班次都已有或已结束', 'Everything in the file is here already or over'],
  today: ['今天', 'today'],
  off: ['休', 'off'],
  offLong: ['法定节假日', 'public holiday'],
  swapped: ['班', 'work'],
  swappedLong: ['调休上班', 'worked instead of another day'],
  next: ['次日 ', 'next day '],
  until: ['至 {{time}}', 'to {{time}}'],
  now: ['现在 {{time}}', 'Now {{time}}'],
  people: ['人员', 'People'],
  cover: ['值守', 'Cover'],
  coverLong: [
    '按时限须有人值守的服务，从现在起哪些时段没有人',
    'Services promised within the hour, and when nobody is on duty from now on',
  ],
  frozen: ['术中冰冻', 'Frozen sections'],
  within: ['{{n}} 分内', '{{n}} min'],
  covered: ['均有人值守', 'somebody at all hours'],
  gap: ['无人', 'nobody'],
  gapLong: [
    '{{service}} {{day}} {{hours}} 无人值守',
    '{{service}}, {{day}} {{hours}}: nobody on duty',
  ],
  gaps: ['{{n}} 段无人', '{{n}} gaps'],
  me: ['我', 'me'],
  cell: ['{{person}} {{day}}：排班', '{{person}} {{day}}: add a shift'],
  empty: ['这一周还没有排班', 'Nobody is on this roster yet'],
  emptyTeach: [
    '点某人某天的格子排一个班，横向拖动可直接选时段，也可以复制上周。值班的人最先收到紧急提醒，指派时排在前面。',
    'Click a day of somebody, drag along it to choose the hours, or copy last week. Whoever is on duty is told of urgent requests first and comes first when a case is assigned.',
  ],
  emptyRead: [
    '调度员或管理员排班后会显示在这里。',
    'It shows here once a coordinator or administrator has made it.',
  ],
  nobody: ['本机构没有可排班的人员', 'Nobody here can be put on duty'],
  nobodyTeach: [
    '有账号的在职人员才能排班，请联系安全管理员开通账号。',
    'Only active staff with an account can; ask the security administrator for accounts.',
  ],
  newShift: ['排班', 'Add shifts'],
  oneShift: ['班次', 'Shift'],
  person: ['人员', 'Who'],
  needPerson: ['请选择人员', 'Choose who'],
  kind: ['值班类别', 'Duty'],
  services: ['负责的服务', 'Services'],
  allServices: ['全部', 'all of them'],
  cannot: [
    '{{person}}的执业范围不含“{{service}}”，不计入值守。',
    'The licence of {{person}} does not cover “{{service}}”; it does not count as cover.',
  ],
  day: ['日期', 'Day'],
  hours: ['时间', 'Hours'],
  begins: ['开始', 'From'],
  ends: ['结束', 'To'],
  needHours: ['请选择时间', 'Choose the hours'],
  overnight: ['至次日 {{end}}，共 {{n}} 小时', 'to {{end}} the next day, {{n}} h'],
  long: ['共 {{n}} 小时', '{{n}} h'],
  repeat: ['每周重复', 'Repeat every week'],
  weekdays: ['星期', 'Days'],
  weeks: ['周数', 'Weeks'],
  calendar: [
    '按工作日历：法定节假日不排，调休上班日照排',
    'By the working calendar: no public holidays, swapped working days included',
  ],
  save: ['保存', 'Save'],
  remove: ['撤下此班', 'Take off'],
  cancelDialog: ['取消', 'Cancel'],
  made: ['已排 {{n}} 个班次', '{{n}} shifts added'],
  changed: ['已修改', 'Changed'],
  removed: ['已撤下', 'Taken off'],
  copied: ['已从上周复制 {{n}} 个班次', '{{n}} shifts copied from last week'],
  copiedNone: ['上周的班次这里都已有', 'Everything of last week is here already'],
  leftOut: ['；节假日未排 {{n}} 天', '; {{n}} holidays left out'],
  takenIn: ['；含调休上班 {{n}} 天', '; {{n}} swapped working days included'],
  undo: ['撤销', 'Undo'],
  undone: ['已撤销', 'Undone'],
  pastDays: ['显示已过去的 {{n}} 天', 'Show the {{n}} days before'],
  noShift: ['无人值班', 'Nobody on duty'],
  keyLeft: ['上一周', 'Week before'],
  keyRight: ['下一周', 'Week after'],
  keyToday: ['回到本周', 'This week'],
  keyNew: ['排班', 'Add a shift'],
  keyCells: ['在格子间移动，Enter 排班', 'Move between days, Enter adds'],
  keyDelete: ['撤下选中的班次', 'Take off the focused shift'],
})

const WEEKDAYS: readonly (readonly [zh: string, en: string])[] = [
  ['周一', 'Mon'],
  ['周二', 'Tue'],
  ['周三', 'Wed'],
  ['周四', 'Thu'],
  ['周五', 'Fri'],
  ['周六', 'Sat'],
  ['周日', 'Sun'],
]

/** 周一, Mon: by a day of the week, 0 is Monday. */
export function weekdayWords(weekday: number): string {
  return pick(WEEKDAYS[weekday] ?? ['', ''])
}

/** 11月23日, 23 Nov. */
export function dateWords(day: string): string {
  const options: Intl.DateTimeFormatOptions = { timeZone: 'UTC', day: 'numeric' }
  const zh = language() === 'zh'
  const format = new Intl.DateTimeFormat(zh ? 'zh-CN' : 'en-GB', {
    ...options,
    month: zh ? 'long' : 'short',
  })
  return format.format(new Date(`${day}T00:00:00Z`))
}

function pick([zh, en]: readonly [string, string]): string {
  return language() === 'zh' ? zh : en
}
