/**
 * Codes of the register in words: forms of alliances, kinds and levels of institutions, treatment
 * scopes (诊疗科目). A code that is not known is shown as it is.
 */
import { language } from '../shared/words'
import { say } from './words'

export const FORMS = [
  'three-two',
  'urban-group',
  'county-community',
  'specialty',
  'telemedicine-network',
] as const
export type Form = (typeof FORMS)[number]

export function formWords(form: string): string {
  if (form === 'specialty') return say('specialtyForm')
  return (FORMS as readonly string[]).includes(form)
    ? say(form as Exclude<Form, 'specialty'>)
    : form
}

type Pair = readonly [zh: string, en: string]

const KINDS: Record<string, Pair> = {
  A100: ['综合医院', 'General hospital'],
  A210: ['中医医院', 'Chinese medicine hospital'],
  B100: ['社区卫生服务中心', 'Community health centre'],
  C210: ['中心卫生院', 'Central township hospital'],
  C220: ['乡卫生院', 'Township hospital'],
  G100: ['妇幼保健院', 'Maternal and child hospital'],
}

const LEVELS: Record<string, Pair> = {
  '3': ['三级', 'Tertiary'],
  '2': ['二级', 'Secondary'],
  '1': ['一级', 'Primary'],
  '0': ['未定级', 'Unranked'],
}
export const LEVEL_CODES = ['3', '2', '1'] as const

const SCOPES: Record<string, Pair> = {
  '01': ['预防保健科', 'Preventive care'],
  '02': ['全科医疗科', 'General practice'],
  '03': ['内科', 'Internal medicine'],
  '04': ['外科', 'Surgery'],
  '05': ['妇产科', 'Obstetrics and gynaecology'],
  '07': ['儿科', 'Paediatrics'],
  '19': ['肿瘤科', 'Oncology'],
  '20': ['急诊医学科', 'Emergency medicine'],
  '21': ['康复医学科', 'Rehabilitation'],
  '28': ['重症医学科', 'Critical care'],
  '30': ['医学检验科', 'Laboratory medicine'],
  '31': ['病理科', 'Pathology'],
  '32': ['医学影像科', 'Medical imaging'],
  '32.01': ['X线诊断专业', 'Radiography'],
  '32.02': ['CT诊断专业', 'CT'],
  '32.03': ['磁共振成像诊断专业', 'MRI'],
  '32.04': ['核医学专业', 'Nuclear medicine'],
  '32.05': ['超声诊断专业', 'Ultrasound'],
  '32.06': ['心电诊断专业', 'Electrocardiography'],
  '50': ['中医科', 'Chinese medicine'],
  '51': ['民族医学科', 'Ethnic medicine'],
  '52': ['中西医结合科', 'Integrated medicine'],
}

function worded(table: Record<string, Pair>, code: string): string {
  return table[code]?.[language() === 'en' ? 1 : 0] ?? code
}

export function kindWords(kind: string): string {
  return worded(KINDS, kind)
}

export function levelName(level: string): string {
  return worded(LEVELS, level)
}

/** 三级甲等; a level without a grade is the level alone. */
export function levelWords(level: string, grade: string): string {
  const name = levelName(level)
  if (!['甲', '乙', '丙'].includes(grade)) return name
  return language() === 'en' ? `${name} ${'甲乙丙'.indexOf(grade) + 1}` : `${name}${grade}等`
}

/** The scopes that have words, in the register's order. */
export const SCOPE_CODES = Object.keys(SCOPES).sort()

export function scopeWords(code: string): string {
  return worded(SCOPES, code)
}
