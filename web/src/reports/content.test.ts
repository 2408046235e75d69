import { describe, expect, it } from 'vitest'
import type { Section, TemplateOut } from '../shared/schema'
import { blanks, lacking, reasonsOf, type Written, withTemplate } from './content'

const empty: Written = { findings: '', impression: '', positive: null, critical: [], fields: {} }
const template = {
  findings: '\n右肺＿叶见一＿结节，大小约＿＿mm。',
  impression: '右肺＿叶结节。',
  positive: true,
} as TemplateOut

describe('a template', () => {
  it('fills an empty report and proposes its outcome', () => {
    const written = withTemplate(empty, template)
    expect(written.findings).toBe('右肺＿叶见一＿结节，大小约＿＿mm。')
    expect(written.positive).toBe(true)
  })

  it('is added below what is written and leaves a decided outcome alone', () => {
    const written = withTemplate({ ...empty, findings: '胸廓对称。', positive: false }, template)
    expect(written.findings).toBe('胸廓对称。\n右肺＿叶见一＿结节，大小约＿＿mm。')
    expect(written.positive).toBe(false)
  })

  it('leaves blanks that are counted, a run of marks as one', () => {
    expect(blanks(withTemplate(empty, template))).toBe(4)
    expect(blanks({ findings: '未见异常。', impression: '正常。' })).toBe(0)
  })
})

describe('before a signature', () => {
  const label = (zh: string) => ({ zh, en: zh })
  const form = [
    {
      key: 'report',
      label: label('报告'),
      fields: [
        { key: 'findings', label: label('检查所见'), required: true },
        { key: 'impression', label: label('诊断意见'), required: true },
        { key: 'quality', label: label('图像质量评级'), required: true },
        { key: 'advice', label: label('建议'), required: false },
      ],
    },
  ] as unknown as Section[]

  it('names everything that is required and not written', () => {
    expect(lacking(empty, form, 'original')).toEqual(['检查所见', '诊断意见', '图像质量评级'])
  })

  it('does not take blank lines for text, nor zero for nothing', () => {
    const written = { ...empty, findings: ' \n', impression: '正常', fields: { quality: 0 } }
    expect(lacking(written, form, 'amendment')).toEqual(['检查所见'])
  })

  it('asks an addendum for its words only', () => {
    expect(lacking(empty, form, 'addendum')).toEqual(['检查所见', '诊断意见'])
  })
})

describe('the reason of a version', () => {
  it('keeps why it was begun apart from what the verifier asked', () => {
    expect(reasonsOf({ kind: 'original', reason: '请改' })).toEqual({ reason: '', asked: '请改' })
    expect(reasonsOf({ kind: 'amendment', reason: '更正侧别\n请改' })).toEqual({
      reason: '更正侧别',
      asked: '请改',
    })
  })
})
