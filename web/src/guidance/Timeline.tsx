/** What was advised and what happened, one a line; nothing that stands here changes. */

import { Button, Input, Radio, Tag } from 'antd'
import { useState } from 'react'
import { Empty } from '../shared/Empty'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { AdviceEntryOut, GuidanceOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { pick } from '../shared/words'
import { useGuidanceStep } from './api'
import styles from './GuidanceBlock.module.css'
import { useWords } from './words'

interface Props {
  id: string
  course: GuidanceOut
}

/** `bare`: beside something else, and no card of its own. */
export function Timeline({ id, course, bare = false }: Props & { bare?: boolean }) {
  const t = useWords()
  const [correcting, correct] = useState<AdviceEntryOut | null>(null)
  return (
    <section className={bare ? '' : page.card} aria-label={t('timeline')}>
      <h2 className={styles.heading}>{t('timeline')}</h2>
      {course.entries.length === 0 ? (
        <Empty small title={t('none')} teach={t('noneTeach')} />
      ) : (
        <ol className={styles.entries}>
          {course.entries.map((entry) => (
            <li key={entry.id} className={styles.entry} data-kind={entry.kind}>
              <Entry id={id} course={course} entry={entry} onCorrect={() => correct(entry)} />
            </li>
          ))}
        </ol>
      )}
      {course.allowed.includes('enter') ? (
        <Add
          key={correcting?.id ?? ''}
          id={id}
          course={course}
          correcting={correcting}
          onDone={() => correct(null)}
        />
      ) : null}
      {course.side === null ? <p className={styles.quiet}>{t('onlyGuides')}</p> : null}
    </section>
  )
}

interface EntryProps extends Props {
  entry: AdviceEntryOut
  onCorrect: () => void
}

function Entry({ id, course, entry, onCorrect }: EntryProps) {
  const t = useWords()
  const kind = course.kinds.find((each) => each.code === entry.kind)
  const corrected = course.entries.find((each) => each.id === entry.corrects)
  const superseded = course.entries.some((each) => each.corrects === entry.id)
  const marks = kind?.marked && course.allowed.includes('mark') && entry.taken === null
  return (
    <>
      <time dateTime={entry.at} className={styles.time}>
        {exactWords(entry.at).slice(11, 16)}
      </time>
      <div className={styles.words}>
        <p className={superseded ? styles.superseded : styles.text}>{entry.text}</p>
        <p className={styles.quiet}>
          {kind ? pick(kind.label) : entry.kind} · {t(entry.side)} {entry.entered_by}
          {corrected ? ` · ${t('corrects', { n: corrected.n })}` : ''}
          {course.side === entry.side && course.allowed.includes('enter') && !superseded ? (
            <Button type="link" size="small" onClick={onCorrect}>
              {t('correct')}
            </Button>
          ) : null}
        </p>
        {entry.taken === null ? null : (
          <p>
            <Tag color={entry.taken ? 'success' : 'warning'}>
              {t(entry.taken ? 'taken' : 'notTaken')}
            </Tag>
            {entry.note}
          </p>
        )}
        {marks && !superseded ? <Mark id={id} entry={entry} /> : null}
      </div>
    </>
  )
}

function Mark({ id, entry }: { id: string; entry: AdviceEntryOut }) {
  const t = useWords()
  const step = useGuidanceStep(id)
  const [why, setWhy] = useState<string | null>(null)
  const say = (taken: boolean, note: string) =>
    step.mutate({ step: 'mark', entry: entry.id, taken, note })
  return (
    <>
      {step.error ? <ProblemNotice error={step.error} /> : null}
      <div className={styles.mark}>
        {why === null ? (
          <>
            <Button size="small" loading={step.isPending} onClick={() => say(true, '')}>
              {t('taken')}
            </Button>
            <Button size="small" onClick={() => setWhy('')}>
              {t('notTaken')}
            </Button>
          </>
        ) : (
          <>
            <Input
              size="small"
              autoFocus
              aria-label={t('why')}
              placeholder={t('why')}
              value={why}
              maxLength={500}
              onChange={(event) => setWhy(event.target.value)}
              onPressEnter={() => why.trim() && say(false, why)}
            />
            <Button
              size="small"
              type="primary"
              disabled={!why.trim()}
              loading={step.isPending}
              onClick={() => say(false, why)}
            >
              {t('save')}
            </Button>
          </>
        )}
      </div>
    </>
  )
}

interface AddProps extends Props {
  correcting: AdviceEntryOut | null
  onDone: () => void
}

function Add({ id, course, correcting, onDone }: AddProps) {
  const t = useWords()
  const step = useGuidanceStep(id)
  const kinds = course.kinds.filter((kind) => !kind.marked || course.side === 'guiding')
  const [kind, setKind] = useState(correcting?.kind ?? kinds[0]?.code ?? '')
  const [text, setText] = useState(correcting?.text ?? '')
  const add = () => {
    if (!text.trim()) return
    const told = { step: 'enter' as const, kind, text }
    step.mutate(correcting ? { ...told, corrects: correcting.id } : told, {
      onSuccess: () => {
        setText('')
        onDone()
      },
    })
  }
  return (
    <div className={styles.add}>
      {step.error ? <ProblemNotice error={step.error} /> : null}
      {correcting ? (
        <p className={styles.quiet}>
          {t('correcting', { n: correcting.n })}{' '}
          <Button type="link" size="small" onClick={onDone}>
            {t('cancel')}
          </Button>
        </p>
      ) : (
        <Radio.Group
          aria-label={t('timeline')}
          size="small"
          optionType="button"
          value={kind}
          options={kinds.map((each) => ({ value: each.code, label: pick(each.label) }))}
          onChange={(event) => setKind(event.target.value as string)}
        />
      )}
      <div className={styles.mark}>
        <Input
          aria-label={t('text')}
          placeholder={t('text')}
          value={text}
          maxLength={1000}
          onChange={(event) => setText(event.target.value)}
          onPressEnter={add}
        />
        <Button type="primary" disabled={!text.trim()} loading={step.isPending} onClick={add}>
          {t('add')}
        </Button>
      </div>
    </div>
  )
}
