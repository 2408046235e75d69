/** Words of giving a seat away. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('seats', {
  swap: ['换人', 'Replace'],
  swapWho: ['替换 {{person}}', 'Replace {{person}}'],
  swapTitle: ['替换 {{person}}', 'Somebody else for {{person}}'],
  swapTeach: [
    '只有该时间有空的人可选；原受邀人和新受邀人都会收到通知。',
    'Only who is free then can be chosen. Both are told.',
  ],
  choose: ['选择', 'Choose'],
  chooseWho: ['选择 {{person}}', 'Choose {{person}}'],
  swapped: ['已替换，等待新受邀人回复', 'Replaced; the new one is invited'],
  nobody: ['没有可替换的人员', 'There is nobody to choose from'],
  nobodyTeach: [
    '登记了出诊时间的人员会列在这里。',
    'Whoever has hours in the calendar is listed here.',
  ],
})
