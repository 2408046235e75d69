/** A case's story: the facts of the log as one timeline, and below them what is expected next. */
import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { RunningClock } from '../shared/CaseClock'
import { ExpectedTime } from '../shared/ExpectedTime'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ActivityOut, CatalogueOut, RequestOut } from '../shared/schema'
import { type Step, Timeline } from '../shared/Timeline'
import { stageOf } from '../shared/tags'
import { momentWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import { factsQuery, useCatalogue } from './api'
import { reasonLabel } from './names'

const { useWords, say } = defineWords('story', {
  label: ['经过', 'Story'],
  images: ['收到 {{n}} 幅图像', '{{n}} images'],
  arriving: ['影像仍在上传，已到 {{n}} 幅', 'Images still arriving, {{n}} so far'],
  nextOpen: ['等待专家领取', 'Waiting to be claimed'],
  nextClaimed: ['{{who}} 正在诊断', '{{who}} is reading'],
  nextPreliminary: ['报告已写好，等待第二位医师审核', 'Written; awaits a second signature'],
  nextAnswered: [
    '请阅读报告并反馈是否采纳',
    'Please read the report and say whether it is adopted',
  ],
  nextReturned: ['请补充资料后重新发送', 'Please add what was asked for and send again'],
  nextDeclined: ['可改投其他机构，或撤回', 'Ask somebody else, or withdraw'],
  nextDraft: ['尚未发送', 'Not sent yet'],
  nextAwaiting: ['等待院内审批，同意后发送', 'Awaits approval in house, then it is sent'],
  expected: ['应于 {{at}} 前完成', 'due by {{at}}'],
})

const BAD = new Set(['critical.raised', 'request.declined', 'study.conflicted'])
const WARN = new Set([
  'report.images_changed',
  'images.hidden',
  'images.replaced',
  'request.returned',
  'report.sent_back',
  'workitem.expired',
  'request.withdrawn',
  'approval.bypassed',
  'approval.rejected',
  'approval.denied',
  'opinion.declined',
  'opinion.lapsed',
])

export function Story({ item }: { item: RequestOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const facts = useQuery(factsQuery(item.id))
  if (facts.error) return <ProblemNotice error={facts.error} onRetry={() => void facts.refetch()} />
  if (!facts.data) return <Skeleton active title={false} paragraph={{ rows: 5 }} />
  const steps = gathered(facts.data.items).map((fact) => factStep(fact, catalogue))
  const next = nextStep(item)
  return <Timeline label={t('label')} steps={next ? [...steps, next] : steps} />
}

const RUNS = new Set(['study.grew', 'notice.told'])

/** Images that trickle in, and people told one after the other, are one line: the last of a run. */
function gathered(facts: readonly ActivityOut[]): ActivityOut[] {
  return facts.filter((fact, at) => {
    const next = facts[at + 1]
    return !(RUNS.has(fact.kind) && next?.kind === fact.kind)
  })
}

function factStep(fact: ActivityOut, catalogue: CatalogueOut | undefined): Step {
  const who = [fact.actor, fact.institution].filter(Boolean).join(' · ')
  const step = fact.kind.split('.')[1] ?? ''
  const reason = reasonLabel(
    catalogue,
    REASON_STEP[fact.kind] ?? REASON_STEP[step] ?? step,
    fact.data.reason,
  )
  const images =
    typeof fact.data.instances === 'number' ? say('images', { n: fact.data.instances }) : ''
  return {
    key: String(fact.seq),
    at: fact.at,
    title: pick(fact.label),
    detail: [who, reason, images].filter(Boolean).join(' · '),
    tone: BAD.has(fact.kind) ? 'bad' : WARN.has(fact.kind) ? 'warn' : 'done',
  }
}

/** The step whose reasons a fact's code belongs to. */
const REASON_STEP: Record<string, string> = {
  'opinion.declined': 'decline-opinion',
  'opinion.withdrawn': 'withdraw-opinion',
  'approval.rejected': 'reject-approval',
  'approval.denied': 'reject-approval',
  hidden: 'hide',
  replaced: 'quarantine',
  resolved: 'quarantine',
  returned: 'return',
  declined: 'decline',
  withdrawn: 'withdraw',
  redirected: 'redirect',
  released: 'release',
  taken_over: 'takeover',
}

const NEXT = {
  open: 'nextOpen',
  claimed: 'nextClaimed',
  preliminary: 'nextPreliminary',
  answered: 'nextAnswered',
  returned: 'nextReturned',
  declined: 'nextDeclined',
  draft: 'nextDraft',
  awaiting: 'nextAwaiting',
} as const

function nextStep(item: RequestOut): Step | null {
  const stage = stageOf(item)
  if (!(stage in NEXT)) return null
  const word = NEXT[stage as keyof typeof NEXT]
  const waiting = item.state === 'open'
  return {
    key: 'next',
    at: null,
    title: say(word, { who: item.claim?.name ?? '' }),
    tone: stage === 'claimed' || stage === 'preliminary' ? 'now' : 'next',
    detail: (
      <>
        {waiting && item.due_at ? (
          <>
            {say('expected', { at: momentWords(item.due_at, serverNow()) })} ·{' '}
            <RunningClock clock={item.clock} />
            <div>
              <ExpectedTime expected={item.expected} />
            </div>
          </>
        ) : null}
        {item.uploads_running ? <div>{say('arriving', { n: item.instance_count })}</div> : null}
      </>
    ),
  }
}
