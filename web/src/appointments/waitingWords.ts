/** Words of the wait list. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('waiting', {
  title: ['候补', 'Wait list'],
  count: ['候补 {{n}}', 'Wait list {{n}}'],
  join: ['加入候补', 'Put it on the wait list'],
  joinTeach: [
    '有人取消、改约或新增出诊时间后，最先符合的时间会为您保留两小时并通知您。',
    'When somebody gives a time back or has new hours, the first that fits is kept for you for two hours, and you are told.',
  ],
  joined: ['已加入候补', 'It is on the wait list'],
  better: [
    '都不合适？缩小日期范围或指定专家；没有时间时可以加入候补。',
    'None of them will do? Choose fewer days or the experts; where there is no time, it can wait for one.',
  ],
  none: ['没有候补', 'Nothing waits'],
  noneTeach: [
    '查找时间没有结果时，可以从那里加入候补。',
    'When a search finds no time, it can be put on the list from there.',
  ],
  between: ['{{minutes}} 分钟，{{from}} 至 {{to}}', '{{minutes}} min, {{from}} to {{to}}'],
  within: ['{{minutes}} 分钟，{{day}}', '{{minutes}} min, {{day}}'],
  asks: ['{{name}} 申请', 'asked by {{name}}'],
  urgent: ['加急', 'urgent'],
  withdraw: ['退出候补', 'Wait no longer'],
  withdrawn: ['已退出候补', 'Taken off the list'],
  offered: ['为您保留：{{time}}', 'Kept for you: {{time}}'],
  keptUntil: ['保留至 {{time}}', 'until {{time}}'],
  take: ['接受并提交', 'Take it'],
  letGo: ['放弃', 'Let it go'],
  details: ['详情', 'Details'],
  taken: ['已提交预约，等待确认', 'Proposed; it waits to be confirmed'],
  over: ['已结束的', 'Over'],
})
