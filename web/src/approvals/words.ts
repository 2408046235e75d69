/** Words of in-house approval. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('approvals', {
  title: ['院内审批', 'In-house approval'],
  page: ['待我审批', 'To approve'],
  none: ['没有待审批的申请', 'Nothing waits for approval'],
  noneTeach: [
    '本机构医师提交的申请轮到您审批时会出现在这里。',
    'Consultations of your institution show here when it is your turn.',
  ],
  owed: ['补批', 'owed'],
  owedTeach: ['紧急先行发送', 'sent before approval'],
  askedBy: ['{{who}} · {{at}} 提交', '{{who}} · sent {{at}}'],
  by: ['{{who}} · {{at}}', '{{who}} · {{at}}'],
  approve: ['同意', 'Approve'],
  reject: ['不同意', 'Do not approve'],
  rejectHint: [
    '申请退回草稿，申请医师会看到原因。',
    'It is a draft again; whoever sent it sees why.',
  ],
  rejectOwedHint: [
    '申请已先行发送，不会被召回；意见记录在案。',
    'It was sent already and is not called back; your word is on record.',
  ],
  recall: ['取回修改', 'Take back'],
  waitsFor: ['等待{{step}}', 'Waits for: {{step}}'],
  returnedFrom: ['院内审批未通过：{{reason}}', 'Not approved in house: {{reason}}'],
  note: ['补充说明', 'A few words'],
  cancel: ['取消', 'Cancel'],
  open: ['查看申请', 'See the request'],
  sendForApproval: ['送院内审批', 'Send for approval'],
  sendNow: ['紧急，先行发送（事后补批）', 'Urgent: send now, approval afterwards'],
  sendNowSure: [
    '先行发送会留痕，院内审批仍须补办。',
    'Sending before approval is recorded, and the approval is owed.',
  ],
  applied: ['已送院内审批', 'Sent for approval'],
})
