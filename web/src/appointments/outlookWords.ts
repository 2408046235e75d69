/** Words of the look ahead. */
import { defineWords } from '../shared/words'

export const { useWords: useOutlookWords } = defineWords('outlook', {
  title: ['需求预测：专家与会诊室', 'Look ahead: experts and rooms'],
  open: ['需求预测', 'Look ahead'],
  before: ['上一周', 'The week before'],
  after: ['下一周', 'The week after'],
  none: ['还不能预测', 'Nothing can be said yet'],
  noneTeach: [
    '满四周、二十次会诊后，这里会根据本机构的历史预测每个半天需要几位专家、几间会诊室，并与出诊时间对照。',
    'After four weeks and twenty sessions, the own history says here how many experts and rooms each half-day needs, beside the hours that are kept.',
  ],
  enough: ['出诊时间足够', 'The hours that are kept will do'],
  lack: ['出诊时间可能不够：{{what}}', 'Hours may lack: {{what}}'],
  lackMore: [
    '出诊时间可能不够，共 {{n}} 个半天：{{what}} 等',
    'Hours may lack on {{n}} half-days: {{what}} …',
  ],
  and: ['、', ', '],
  group: ['科室', 'Department'],
  half: ['时段', 'Half-day'],
  rooms: ['会诊室', 'Rooms'],
  each: ['每次约 {{n}} 分钟', 'about {{n}} min each'],
  morning: ['上午', ' morning'],
  afternoon: ['下午', ' afternoon'],
  evening: ['晚间', ' evening'],
  likely: [
    '预计 {{mean}} 次，五次中有四次在 {{low}}–{{high}} 之间',
    '{{mean}} sessions expected; four times of five between {{low}} and {{high}}',
  ],
  unknown: ['历史太少，未预测', 'too little history for a forecast'],
  booked: ['已约 {{n}} 次', '{{n}} booked'],
  need: ['需 {{n}}', 'needs {{n}}'],
  have: ['有 {{hours}} 小时', '{{hours}} h there'],
  short: ['不足', 'short:'],
  how: [
    '按满足五个半天中的四个计算；每位专家或每间会诊室每半天按 3.5 小时计。节假日和调休已计入。',
    'Meant to meet four half-days of five; an expert or a room holds 3.5 hours in a half-day. Holidays and swapped working days are in it.',
  ],
  unmet: [
    '近四周未能满足：候补 {{waits}} 次、急会诊呼叫无人接听 {{calls}} 次（不在历史内）。',
    'Not met in four weeks, and in no history: {{waits}} waits, {{calls}} urgent calls nobody answered.',
  ],
})
