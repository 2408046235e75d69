/** Words of urgent calls. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('calls', {
  now: ['立即会诊', 'Consult now'],
  callNow: ['立即呼叫专家', 'Call an expert now'],
  title: ['急会诊呼叫', 'Urgent call'],
  teach: [
    '按值班表依次呼叫对方专家，每位响铃 20 秒，有人接听即进入会诊室。',
    'The other side’s experts are rung down the roster, 20 seconds each; whoever answers meets you in the room.',
  ],
  service: ['服务', 'Service'],
  provider: ['呼叫哪家机构', 'Whom to call'],
  call: ['开始呼叫', 'Call'],
  calling: ['正在呼叫 {{name}}（{{title}}）', 'Calling {{name}} ({{title}})'],
  left: ['{{n}} 秒后呼叫下一位', 'the next one in {{n}} s'],
  next: ['正在呼叫下一位', 'calling the next one'],
  cancel: ['取消呼叫', 'Cancel the call'],
  close: ['关闭', 'Close'],
  again: ['再次呼叫', 'Call again'],
  nobody: ['现在没有可呼叫的专家', 'There is nobody to call now'],
  nobodyTeach: [
    '对方此刻无人值班或都在会诊中。请电话联系对方医务部门，或预约时间。',
    'Nobody there is on duty, or everybody is in a consultation. Telephone their office, or book a time.',
  ],
  exhausted: ['已逐一呼叫，无人接听', 'Everybody was rung, nobody answered'],
  exhaustedTeach: [
    '呼叫记录已保存。请电话联系对方医务部门，或再次呼叫。',
    'The call is on record. Telephone their office, or call again.',
  ],
  canceled: ['呼叫已取消', 'The call was canceled'],
  answered: ['{{name}} 已接听', '{{name}} answered'],
  enter: ['进入会诊室', 'Enter the room'],
  incoming: ['急会诊：{{from}} 正在呼叫', 'Urgent: {{from}} is calling'],
  ofCase: ['{{service}} · 病例 {{number}}', '{{service}} · case {{number}}'],
  missed: ['您错过了响铃，仍可接听', 'It rang before; you can still answer'],
  ringsFor: ['还响 {{n}} 秒', 'rings {{n}} s more'],
  answer: ['接听', 'Answer'],
  decline: ['不便接听', 'I cannot'],
  onDuty: ['值班', 'on duty'],
})
