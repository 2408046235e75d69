/** How a guided operation ended, by the operating side; entered again, the last one counts. */
import { Button } from 'antd'
import { useState } from 'react'
import { FieldRow } from '../requests/fields'
import { words } from '../requests/RequestContent'
import content from '../requests/RequestContent.module.css'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { GuidanceOut, Section } from '../shared/schema'
import { pick } from '../shared/words'
import { useGuidanceStep } from './api'
import styles from './GuidanceBlock.module.css'
import { useWords } from './words'

interface Props {
  id: string
  course: GuidanceOut
  form: Section[]
}

export function Outcome({ id, course, form }: Props) {
  const t = useWords()
  const [writing, write] = useState(false)
  const last = course.outcomes.at(-1)
  const may = course.allowed.includes('outcome')
  if (!last && !may) return null
  const fields = form.flatMap((section) => section.fields)
  return (
    <section className={page.card} aria-label={t('outcome')}>
      <h2 className={styles.heading}>{t('outcome')}</h2>
      {writing ? (
        <Form id={id} form={form} before={last?.content ?? {}} onDone={() => write(false)} />
      ) : (
        <>
          {last ? (
            <>
              <dl className={content.fields}>
                {fields.map((field) => (
                  <div key={field.key}>
                    <dt>{pick(field.label)}</dt>
                    <dd>
                      {words(field, last.content[field.key])} {field.unit ?? ''}
                    </dd>
                  </div>
                ))}
              </dl>
              <p className={styles.quiet}>
                {t('by', { who: last.entered_by })} <Moment at={last.entered_at} />
              </p>
            </>
          ) : null}
          {may ? (
            <Button type={last ? 'default' : 'primary'} onClick={() => write(true)}>
              {t(last ? 'again' : 'enterOutcome')}
            </Button>
          ) : null}
        </>
      )}
    </section>
  )
}

interface FormProps {
  id: string
  form: Section[]
  before: Record<string, unknown>
  onDone: () => void
}

function Form({ id, form, before, onDone }: FormProps) {
  const t = useWords()
  const step = useGuidanceStep(id)
  const [told, tell] = useState(before)
  return (
    <div className={styles.outcome}>
      {form.flatMap((section) =>
        section.fields.map((field) => (
          <FieldRow
            key={field.key}
            field={field}
            missing={false}
            value={told[field.key]}
            onChange={(value) => tell((now) => ({ ...now, [field.key]: value }))}
          />
        )),
      )}
      {step.error ? <ProblemNotice error={step.error} /> : null}
      <div className={styles.mark}>
        <Button
          type="primary"
          loading={step.isPending}
          onClick={() => step.mutate({ step: 'outcome', content: told }, { onSuccess: onDone })}
        >
          {t('save')}
        </Button>
        <Button onClick={onDone}>{t('cancel')}</Button>
      </div>
    </div>
  )
}
