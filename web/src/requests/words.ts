/** Words of the requesting side's day. */
import { defineWords } from '../shared/words'

export const { useWords, say } = defineWords('requests', {
  waits: ['等我处理', 'Waiting for me'],
  critical: ['危急值待确认', 'Critical findings'],
  returned: ['退回待补充', 'Returned to us'],
  declined: ['被婉拒，可改投', 'Declined'],
  toRead: ['新报告待阅', 'Reports to read'],
  drafts: ['草稿', 'Drafts'],
  nothingWaits: ['都处理完了', 'All done'],
  nothingWaitsTeach: [
    '退回的申请、危急值、新报告和您的草稿会出现在这里。',
    'Returned requests, critical findings, new reports and your drafts show here.',
  ],
  all: ['全部', 'All'],
  active: ['进行中', 'Under way'],
  done: ['已完成', 'Done'],
  ours: ['本机构的申请', "My institution's requests"],
  total: ['共 {{n}} 例', '{{n}} cases'],
  anyService: ['全部服务', 'All services'],
  search: ['姓名、拼音首字母、申请单号', 'Name, initials or number'],
  newRequest: ['新建申请', 'New request'],
  empty: ['还没有申请', 'No requests yet'],
  emptyTeach: [
    '点“新建申请”，拖入检查资料，选择受邀机构，几分钟就能送到专家面前。',
    'Press “New request”, drop the study, choose who is asked: it reaches the expert in minutes.',
  ],
  noMatch: ['没有符合条件的申请', 'Nothing matches'],
  noMatchTeach: ['换个关键词，或放宽筛选条件。', 'Try other words or a wider filter.'],
  images: ['{{n}} 幅', '{{n}} images'],
  noImages: ['暂无影像', 'no images yet'],
  records: ['书面病历', 'records'],
  heldBy: ['{{who}} 诊断中', '{{who}} is reading'],
  to: ['至 {{who}}', 'to {{who}}'],
  from: ['来自 {{who}}', 'from {{who}}'],
  noProvider: ['未选受邀机构', 'nobody asked yet'],
  loadMore: ['加载更多', 'Load more'],
})
