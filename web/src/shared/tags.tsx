/** States, urgencies and outcomes: always a colour, a shape and a word together. */
import {
  CheckCircleFilled,
  ClockCircleOutlined,
  CloseCircleFilled,
  EditOutlined,
  ExclamationCircleFilled,
  FileDoneOutlined,
  InboxOutlined,
  MinusCircleOutlined,
  PlusCircleOutlined,
  RollbackOutlined,
  SolutionOutlined,
  StopOutlined,
  ThunderboltFilled,
  WarningFilled,
} from '@ant-design/icons'
import type { ComponentType } from 'react'
import { useService } from '../requests/api'
import type { RequestRow } from './schema'
import styles from './tags.module.css'
import { defineWords, pick } from './words'

const { useWords } = defineWords('tags', {
  draft: ['草稿', 'draft'],
  awaiting: ['院内审批', 'to approve'],
  open: ['待诊断', 'waiting'],
  claimed: ['诊断中', 'being read'],
  preliminary: ['待审核', 'to verify'],
  returned: ['待补充', 'returned'],
  declined: ['已婉拒', 'declined'],
  answered: ['已出报告', 'reported'],
  confirmed: ['已阅', 'read'],
  withdrawn: ['已撤回', 'withdrawn'],
  openToMeet: ['待{{meeting}}', 'waiting'],
  claimedToMeet: ['{{meeting}}中', 'under way'],
  answeredToMeet: ['已答复', 'answered'],
  discarded: ['已删除', 'discarded'],
  routine: ['常规', 'routine'],
  urgent: ['加急', 'urgent'],
  stat: ['紧急', 'STAT'],
  critical: ['危急值', 'critical'],
  criticalOpen: ['危急值待确认', 'critical: answer'],
  positive: ['阳性', 'positive'],
  negative: ['阴性', 'negative'],
})

type Tone = 'quiet' | 'accent' | 'good' | 'warn' | 'bad'
type TagKey = Parameters<ReturnType<typeof useWords>>[0]
type Look = readonly [tone: Tone, icon: ComponentType<{ 'aria-hidden'?: boolean }>]

const STATES: Record<string, Look> = {
  draft: ['quiet', EditOutlined],
  awaiting: ['warn', ClockCircleOutlined],
  open: ['accent', InboxOutlined],
  claimed: ['accent', SolutionOutlined],
  preliminary: ['accent', ClockCircleOutlined],
  returned: ['warn', RollbackOutlined],
  declined: ['bad', CloseCircleFilled],
  answered: ['good', FileDoneOutlined],
  confirmed: ['good', CheckCircleFilled],
  withdrawn: ['quiet', StopOutlined],
  discarded: ['quiet', MinusCircleOutlined],
}

const URGENCIES: Record<string, Look> = {
  routine: ['quiet', MinusCircleOutlined],
  urgent: ['warn', ExclamationCircleFilled],
  stat: ['bad', ThunderboltFilled],
}

/** Says a state as its tag does. */
export function useStateWords(): (state: string) => string {
  const t = useWords()
  return (state) => t(state as TagKey)
}

/** Says an urgency as its tag does. */
export function useUrgencyWords(): (urgency: string) => string {
  const t = useWords()
  return (urgency) => t(urgency as TagKey)
}

/** The word for where a case is, as both sides understand it. */
export function stageOf(row: Pick<RequestRow, 'state' | 'claim' | 'report_state'>): string {
  if (row.state !== 'open') return row.state
  if (row.report_state === 'preliminary') return 'preliminary'
  return row.claim ? 'claimed' : 'open'
}

type Staged = Pick<RequestRow, 'state' | 'claim' | 'report_state' | 'service'>

/** Where people meet nothing is diagnosed: the stages are called by what they meet for. */
const TO_MEET: Record<string, TagKey> = {
  open: 'openToMeet',
  claimed: 'claimedToMeet',
  answered: 'answeredToMeet',
}

export function StatusTag({ row }: { row: Staged }) {
  const service = useService(row.service)
  const stage = stageOf(row)
  const word = (service?.meets ? TO_MEET[stage] : undefined) ?? (stage as TagKey)
  return (
    <Tag
      look={STATES[stage]}
      word={word}
      meeting={service ? pick(service.meeting_label) : undefined}
    />
  )
}

export function UrgencyTag({ urgency }: { urgency: string }) {
  return <Tag look={URGENCIES[urgency]} word={urgency as TagKey} />
}

export function CriticalTag({ open }: { open: boolean }) {
  return (
    <Tag look={['bad', WarningFilled]} word={open ? 'criticalOpen' : 'critical'} solid={open} />
  )
}

export function OutcomeTag({ positive }: { positive: boolean | null }) {
  if (positive === null) return null
  const look: Look = positive ? ['warn', PlusCircleOutlined] : ['quiet', MinusCircleOutlined]
  return <Tag look={look} word={positive ? 'positive' : 'negative'} />
}

interface TagProps {
  look: Look | undefined
  word: TagKey
  solid?: boolean
  meeting?: string | undefined
}

function Tag({ look, word, solid = false, meeting = '' }: TagProps) {
  const t = useWords()
  const [tone, Icon] = look ?? ['quiet', MinusCircleOutlined]
  return (
    <span className={`${styles.tag} ${styles[tone]} ${solid ? styles.solid : ''}`}>
      <Icon aria-hidden /> {t(word, { meeting })}
    </span>
  )
}
