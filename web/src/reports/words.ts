/** Words of reports. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('reports', {
  report: ['报告', 'Report'],
  findings: ['检查所见', 'Findings'],
  impression: ['诊断意见', 'Impression'],
  original: ['报告', 'Report'],
  addendum: ['补充报告', 'Addendum'],
  amendment: ['修订报告', 'Amended report'],
  reason: ['原因：{{text}}', 'Reason: {{text}}'],
  author: ['书写', 'Author'],
  verifier: ['审核', 'Verifier'],
  superseded: ['已被后来的修订报告取代', 'Replaced by a later amendment'],
  code: ['验证码', 'Verification code'],
  check: ['查验', 'Check'],
  pdf: ['打开 PDF', 'Open PDF'],
  pending: ['报告尚未签发', 'The report is not issued yet'],
  pendingTeach: [
    '签发后会立即出现在这里，并有提醒。',
    'It appears here the moment it is signed, with a notice.',
  ],
  earlier: ['历史版本', 'Earlier versions'],
  preliminary: ['待审核，尚未签发', 'awaiting verification, not issued'],
  loading: ['正在读取报告', 'Fetching the report'],
})
