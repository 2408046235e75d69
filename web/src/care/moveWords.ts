/** Words of moving one study to the right patient. */
import { defineWords } from '../shared/words'

export const { useWords: useMoveWords, say: sayMove } = defineWords('move', {
  move: ['改归患者…', 'Move…'],
  title: ['把这个检查改归正确的患者', 'Move this study to the right patient'],
  teach: [
    '只改这一个检查；图像不变，原来的写法留在影像信息中。可在患者页撤销。',
    'Only this study. Its images stay as they are; what they said before is kept. Can be undone on the patient’s page.',
  ],
  find: [
    '找正确的患者：姓名、拼音、首字母或患者号',
    'Find the right patient: name, pinyin or number',
  ],
  none: ['没有找到这样的患者', 'No such patient'],
  now: ['现在归', 'Now of'],
  after: ['改归', 'To be of'],
  notChosen: ['先在上面选择患者', 'Choose the patient above first'],
  name: ['姓名', 'Name'],
  number: ['患者号', 'Number'],
  born: ['出生日期', 'Born'],
  sex: ['性别', 'Sex'],
  M: ['男', 'M'],
  F: ['女', 'F'],
  O: ['其他', 'other'],
  U: ['未知', 'unknown'],
  differs: ['不同', 'differs'],
  reason: ['原因', 'Reason'],
  reasonHint: ['例如：技师选错了患者', 'For example: the wrong patient was chosen'],
  needReason: ['请写明原因', 'Say why'],
  doMove: ['改归', 'Move'],
  cancel: ['取消', 'Cancel'],
  moved: ['已改归 {{name}}', 'Moved to {{name}}'],
  undo: ['撤销', 'Undo'],
  undone: ['已撤销', 'Taken back'],
  blocked: ['现在不能改归', 'It cannot be moved now'],
  cases: ['用到这个检查的申请', 'Requests that use this study'],
  draft: ['草稿', 'draft'],
  'being-read': [
    '正在等待诊断或补充：签发、撤回后才能改归',
    'is being read: wait until it is answered or withdrawn',
  ],
  mixed: [
    '还用到该患者的其他检查：先在这个申请中去掉本检查',
    'uses other studies of the patient too: take this one off it first',
  ],
  signed: [
    '报告已签名，保留签名时的身份，并提示报告医师核对',
    'is signed and keeps who was signed; its author is asked to check',
  ],
  follows: ['跟着改归', 'goes with it'],
  stays: ['已结束，不变', 'has ended and stays'],
})
