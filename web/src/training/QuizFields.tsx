/** The questions of a quiz as their author writes them, with the right answers ticked. */
import { CloseOutlined, DeleteOutlined } from '@ant-design/icons'
import { Alert, Button, Checkbox, Input, InputNumber, Radio } from 'antd'
import type { QuestionIn } from '../shared/schema'
import styles from './training.module.css'
import { useWords } from './words'

const TRUE_FALSE = ['正确', '错误']

export function emptyQuestion(): QuestionIn {
  return { kind: 'single', text: '', options: ['', ''], right: [0], points: 1 }
}

/** What keeps a question from being asked, as the key of its words; null of a whole one. */
export function flawOf(
  one: QuestionIn,
): 'needText' | 'needOptions' | 'sameOptions' | 'needRight' | null {
  const options = one.options.map((option) => option.trim())
  if (one.text.trim() === '') return 'needText'
  if (options.some((option) => option === '')) return 'needOptions'
  if (new Set(options).size < options.length) return 'sameOptions'
  if (one.right.length === 0) return 'needRight'
  return null
}

interface Props {
  questions: QuestionIn[]
  onChange: (next: QuestionIn[]) => void
  /** Whether somebody tried to save: from then on what is missing is said. */
  checked: boolean
}

export function QuizFields({ questions, onChange, checked }: Props) {
  const set = (n: number, next: QuestionIn) =>
    onChange(questions.map((one, m) => (m === n ? next : one)))
  return questions.map((question, n) => (
    <QuestionFields
      // biome-ignore lint/suspicious/noArrayIndexKey: a question is its place in the quiz
      key={n}
      n={n}
      question={question}
      flaw={checked ? flawOf(question) : null}
      onChange={(next) => set(n, next)}
      onRemove={() => onChange(questions.filter((_, m) => m !== n))}
    />
  ))
}

interface QuestionProps {
  n: number
  question: QuestionIn
  flaw: ReturnType<typeof flawOf>
  onChange: (next: QuestionIn) => void
  onRemove: () => void
}

function QuestionFields({ n, question, flaw, onChange, onRemove }: QuestionProps) {
  const t = useWords()
  const kinds = ['single', 'multiple', 'true-false'] as const
  const change = (kind: QuestionIn['kind']) =>
    onChange({
      ...question,
      kind,
      options: kind === 'true-false' ? TRUE_FALSE : question.options,
      right: question.right.slice(0, kind === 'multiple' ? undefined : 1),
    })
  return (
    <div className={styles.question} id={`question-${n}`}>
      <div className={styles.bar}>
        <strong>{t('question', { n: n + 1 })}</strong>
        <Radio.Group
          optionType="button"
          size="small"
          value={question.kind}
          onChange={(event) => change(event.target.value as QuestionIn['kind'])}
          options={kinds.map((value) => ({ value, label: t(value) }))}
        />
        <InputNumber
          aria-label={t('points')}
          min={1}
          max={100}
          prefix={t('points')}
          value={question.points ?? 1}
          onChange={(points) => onChange({ ...question, points: points ?? 1 })}
        />
        <Button aria-label={t('remove')} icon={<DeleteOutlined />} onClick={onRemove} />
      </div>
      <Input.TextArea
        aria-label={t('questionText')}
        placeholder={t('questionText')}
        autoSize
        maxLength={1000}
        value={question.text}
        onChange={(event) => onChange({ ...question, text: event.target.value })}
      />
      <span className={styles.line}>{t('options')}</span>
      {question.options.map((option, place) => (
        <Option
          // biome-ignore lint/suspicious/noArrayIndexKey: an option is its place
          key={place}
          place={place}
          option={option}
          question={question}
          onChange={onChange}
        />
      ))}
      {question.kind === 'true-false' || question.options.length >= 10 ? null : (
        <Button
          size="small"
          onClick={() => onChange({ ...question, options: [...question.options, ''] })}
        >
          {t('addOption')}
        </Button>
      )}
      {flaw ? <Alert type="error" showIcon title={t(flaw)} role="alert" /> : null}
    </div>
  )
}

interface OptionProps {
  place: number
  option: string
  question: QuestionIn
  onChange: (next: QuestionIn) => void
}

function Option({ place, option, question, onChange }: OptionProps) {
  const t = useWords()
  const is = question.right.includes(place)
  const tick = () => {
    if (question.kind !== 'multiple') onChange({ ...question, right: [place] })
    else if (is) onChange({ ...question, right: question.right.filter((one) => one !== place) })
    else onChange({ ...question, right: [...question.right, place].sort() })
  }
  return (
    <div className={styles.bar}>
      <Checkbox aria-label={`${t('rightAnswer')} ${place + 1}`} checked={is} onChange={tick} />
      <Input
        className={styles.search}
        aria-label={`${t('options')} ${place + 1}`}
        maxLength={300}
        disabled={question.kind === 'true-false'}
        value={option}
        onChange={(event) =>
          onChange({
            ...question,
            options: question.options.map((one, m) => (m === place ? event.target.value : one)),
          })
        }
      />
      {question.kind === 'true-false' || question.options.length <= 2 ? null : (
        <Button
          type="text"
          aria-label={t('removeOption', { n: place + 1 })}
          icon={<CloseOutlined />}
          onClick={() => onChange(without(question, place))}
        />
      )}
    </div>
  )
}

/** The question without an option; the right answers stay with their options. */
function without(question: QuestionIn, place: number): QuestionIn {
  return {
    ...question,
    options: question.options.filter((_, m) => m !== place),
    right: question.right.filter((m) => m !== place).map((m) => (m > place ? m - 1 : m)),
  }
}
