/** Words of reports. */
import { defineWords } from '../shared/words'

export const { useWords } = defineWords('reports', {
  addendum: ['补充报告', 'Addendum'],
  amendment: ['修订报告', 'Amended report'],
  reason: ['原因：{{text}}', 'Reason: {{text}}'],
  author: ['书写', 'Author'],
  verifier: ['审核', 'Verifier'],
  superseded: ['已被后来的修订报告取代', 'Replaced by a later amendment'],
  code: ['验证码', 'Verification code'],
  earlier: ['历史版本', 'Earlier versions'],
  preliminary: ['待审核，尚未签发', 'awaiting verification, not issued'],
})
