/** The words of a guided operation. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('guidance', {
  note: ['责任提示', 'Responsibility note'],
  read: ['阅读责任提示', 'Read the note'],
  acknowledge: ['本人已阅读并知悉', 'I have read it and take note'],
  operating: ['操作方', 'Operating side'],
  guiding: ['指导方', 'Guiding side'],
  waiting: ['待确认', 'still to acknowledge'],
  timeline: ['指导时间线', 'Advice timeline'],
  none: ['还没有记录', 'Nothing entered yet'],
  noneTeach: [
    '会议开始后，指导建议、关键步骤和中断会逐条出现在这里。',
    'Once the session runs, advice, key moments and interruptions appear here.',
  ],
  onlyGuides: [
    '由本例的指导专家与手术方登记，其他人只能查看。',
    'The guides of this case and the operating side enter here; others look on.',
  ],
  text: ['写下建议或发生的事，回车提交', 'What was said or happened; Enter to add'],
  add: ['添加', 'Add'],
  corrects: ['更正第 {{n}} 条', 'corrects no. {{n}}'],
  correcting: ['正在更正第 {{n}} 条', 'Correcting no. {{n}}'],
  correct: ['更正', 'Correct'],
  cancel: ['取消', 'Cancel'],
  taken: ['已采纳', 'Taken'],
  notTaken: ['未采纳', 'Not taken'],
  why: ['未采纳的原因', 'Why it was not taken'],
  save: ['保存', 'Save'],
  outcome: ['手术结局', 'Outcome'],
  enterOutcome: ['登记手术结局', 'Enter the outcome'],
  again: ['重新登记', 'Enter again'],
  by: ['{{who}} 登记于', 'entered by {{who}},'],
})
