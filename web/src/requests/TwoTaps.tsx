/** What became of the patient, in two taps: the outcome, then whether the advice was followed. */
import { useQuery } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { CodedOut, FollowUpOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { aftercareQuery, useFollowUp } from './followUps'
import { DiagnosisInput } from './pickers'
import styles from './TwoTaps.module.css'

const { useWords } = defineWords('two-taps', {
  outcome: ['患者转归', 'Outcome'],
  advice: ['建议执行情况', 'Advice'],
  more: ['补充说明或更正最终诊断', 'Add a note or another final diagnosis'],
  note: ['说明（可不填）', 'Note (optional)'],
  diagnosis: ['最终诊断有变化', 'Final diagnosis, if it changed'],
})

export function TwoTaps({ one, onDone }: { one: FollowUpOut; onDone?: () => void }) {
  const t = useWords()
  const choices = useQuery(aftercareQuery).data
  const give = useFollowUp(one.request_id)
  const [outcome, setOutcome] = useState('')
  const [more, setMore] = useState(false)
  const [note, setNote] = useState('')
  const [diagnosis, setDiagnosis] = useState<{ code: string; name: string }[]>([])
  if (!choices) return null
  const send = (advice: string) =>
    give.mutate(
      { id: one.id, outcome, advice, note, diagnosis: diagnosis.at(-1) ?? null },
      { onSuccess: () => onDone?.() },
    )
  return (
    <div className={styles.taps}>
      <Row label={t('outcome')} choices={choices.outcomes} chosen={outcome} onTap={setOutcome} />
      {more ? (
        <div className={styles.more}>
          <Input
            value={note}
            maxLength={500}
            placeholder={t('note')}
            aria-label={t('note')}
            onChange={(event) => setNote(event.target.value)}
          />
          <label htmlFor={`diagnosis-${one.id}`}>
            {t('diagnosis')}
            <DiagnosisInput
              id={`diagnosis-${one.id}`}
              value={diagnosis}
              onChange={(next) => setDiagnosis((next as typeof diagnosis).slice(-1))}
            />
          </label>
        </div>
      ) : null}
      <Row
        label={t('advice')}
        choices={choices.advice}
        chosen=""
        disabled={outcome === '' || give.isPending}
        onTap={send}
      />
      {more ? null : (
        <Button type="link" size="small" className={styles.link} onClick={() => setMore(true)}>
          {t('more')}
        </Button>
      )}
      {give.error ? <ProblemNotice error={give.error} /> : null}
    </div>
  )
}

interface RowProps {
  label: string
  choices: readonly CodedOut[]
  chosen: string
  disabled?: boolean
  onTap: (code: string) => void
}

function Row({ label, choices, chosen, disabled = false, onTap }: RowProps) {
  return (
    <fieldset className={styles.row}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <Button
          key={choice.code}
          type={choice.code === chosen ? 'primary' : 'default'}
          aria-pressed={choice.code === chosen}
          disabled={disabled}
          onClick={() => onTap(choice.code)}
        >
          {pick(choice.label)}
        </Button>
      ))}
    </fieldset>
  )
}
