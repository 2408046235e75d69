/** Minutes while they are written: where, who was there, the sections, and closing them. */
import { useMutation } from '@tanstack/react-query'
import { Alert, App, Button, Checkbox, Input, Popconfirm } from 'antd'
import { useState, useSyncExternalStore } from 'react'
import { problemWords, toProblem } from '../../shared/problem'
import { KEYS, queryClient } from '../../shared/queries'
import type { HeadIn, MinutesOut } from '../../shared/schema'
import { pick } from '../../shared/words'
import { type Signal, useMembers } from '../signal'
import { closeText, setHead } from './api'
import styles from './MinutesPanel.module.css'
import { NoteArea } from './NoteArea'
import type { Notes } from './notes'
import { sectionWords } from './sections'
import { nameOf, useNotes, useSayWriting, useWriters } from './useNotes'
import { useWords } from './words'

interface Props {
  found: MinutesOut
  signal: Signal | null
  /** Begins anew with the server's text, after something was refused. */
  onAgain: () => void
}

export function OpenNotes({ found, signal, onAgain }: Props) {
  const notes = useNotes(found, signal)
  const sayWriting = useSayWriting(signal)
  return (
    <div className={styles.scroll}>
      <Head found={found} />
      {found.sections.map((one) => (
        <section key={one.section} className={styles.part}>
          <h3 className={styles.section}>{sectionWords(found, one)}</h3>
          {one.writable ? (
            <NoteArea
              notes={notes}
              section={one.section}
              label={sectionWords(found, one)}
              most={one.most}
              rows={one.section === 'discussion' ? 6 : 2}
              onTyped={() => sayWriting(one.section)}
            />
          ) : (
            <ReadOnly notes={notes} section={one.section} />
          )}
          <Naming notes={notes} section={one.section} />
          {signal ? <Writers {...{ found, signal }} section={one.section} /> : null}
        </section>
      ))}
      <Refused notes={notes} onAgain={onAgain} />
      <footer className={styles.foot}>
        <Saved notes={notes} />
        <Close found={found} notes={notes} />
      </footer>
    </div>
  )
}

function ReadOnly({ notes, section }: { notes: Notes; section: string }) {
  const t = useWords()
  const text = useSyncExternalStore(notes.watch, () => notes.text(section))
  return (
    <p className={styles.text} title={t('readOnly')}>
      {text || '—'}
    </p>
  )
}

/** The words above name the patient: nobody else has seen them, and they are to be changed. */
function Naming({ notes, section }: { notes: Notes; section: string }) {
  const t = useWords()
  const error = useSyncExternalStore(notes.watch, () => notes.naming.get(section))
  if (error === undefined) return null
  return (
    <Alert
      className={styles.naming}
      type="error"
      role="alert"
      showIcon
      title={t('naming')}
      description={t('namingTeach')}
    />
  )
}

function Writers(props: { found: MinutesOut; signal: Signal; section: string }) {
  const t = useWords()
  const { found, signal, section } = props
  const members = useMembers(signal)
  const names = (useWriters(signal).get(section) ?? [])
    .map((id) => nameOf(found, members, id))
    .filter((name) => name !== '')
  return (
    <p className={styles.writers} role="status">
      {names.length > 0 ? t('writing', { names: names.join('、') }) : ''}
    </p>
  )
}

function Saved({ notes }: { notes: Notes }) {
  const t = useWords()
  const state = useSyncExternalStore(notes.watch, () => notes.state)
  if (state === 'retrying')
    return <Alert className={styles.wide} type="warning" showIcon title={t('retrying')} />
  return (
    <span className={styles.more} role="status" data-notes={state}>
      {t(state === 'dirty' ? 'saving' : state === 'naming' ? 'notSaved' : 'saved')}
    </span>
  )
}

function Refused({ notes, onAgain }: { notes: Notes; onAgain: () => void }) {
  const t = useWords()
  const refused = useSyncExternalStore(notes.watch, () => notes.refused)
  if (refused.length === 0) return null
  const again = () => {
    void queryClient.invalidateQueries({ queryKey: [KEYS.minutes] }).then(onAgain)
  }
  return (
    <Alert
      type="error"
      role="alert"
      title={problemWords(refused[0]?.error).what}
      description={
        <>
          {t('refused')}
          <pre className={styles.text}>{refused.map((one) => one.words).join('\n')}</pre>
        </>
      }
      action={
        <Button size="small" onClick={again}>
          {t('goOn')}
        </Button>
      }
    />
  )
}

/** Where it is held, and who of those invited is there. */
function Head({ found }: { found: MinutesOut }) {
  const t = useWords()
  const { message } = App.useApp()
  const writes = found.allowed.includes('write')
  const [place, setPlace] = useState(found.place)
  const save = useMutation({
    mutationFn: (given: Partial<HeadIn>) =>
      setHead(found.appointment_id, {
        version: found.version,
        place: found.place,
        absent: found.people.filter((one) => !one.present).map((one) => one.person_id),
        also: found.people.filter((one) => one.also).map((one) => one.person_id),
        ...given,
      }),
    onError: (error) => {
      void message.error(problemWords(error).what)
      void queryClient.invalidateQueries({ queryKey: [KEYS.minutes] })
    },
  })
  const present = (id: string, there: boolean) =>
    save.mutate({
      absent: found.people
        .filter((one) => (one.person_id === id ? !there : !one.present))
        .map((one) => one.person_id),
    })
  return (
    <div className={styles.who}>
      <Input
        size="small"
        prefix={`${t('place')}：`}
        placeholder={t('placeHint')}
        value={place}
        maxLength={120}
        disabled={!writes}
        onChange={(event) => setPlace(event.target.value)}
        onBlur={() => {
          if (place !== found.place) save.mutate({ place })
        }}
      />
      <ul className={styles.people} aria-label={t('people')}>
        {found.people.map((one) => (
          <li key={one.person_id}>
            <Checkbox
              checked={one.present}
              disabled={!writes || save.isPending}
              onChange={(event) => present(one.person_id, event.target.checked)}
            >
              {one.name}
              <span className={styles.more}>
                {' '}
                {pick(one.title)} · {pick(one.role_words)}
                {one.present ? '' : ` · ${t('absent')}`}
              </span>
            </Checkbox>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Close({ found, notes }: { found: MinutesOut; notes: Notes }) {
  const t = useWords()
  const { message } = App.useApp()
  const id = found.appointment_id
  const close = useMutation({
    mutationFn: async () => {
      await notes.flush()
      if (notes.naming.size > 0) throw [...notes.naming.values()][0]
      return closeText(id, Math.max(found.version, notes.version), notes.head)
    },
    onError: (error) => {
      const stale = toProblem(error).code === 'stale'
      void message.warning(stale ? t('closeStale') : problemWords(error).what)
      if (stale) void notes.look()
    },
  })
  if (!found.allowed.includes('close')) return null
  return (
    <Popconfirm
      title={t('close')}
      description={<div className={styles.ask}>{t('closeAsk')}</div>}
      okText={t('close')}
      cancelText={t('cancel')}
      placement="topRight"
      onConfirm={() => close.mutate()}
    >
      <Button type="primary" size="small" loading={close.isPending}>
        {t('close')}
      </Button>
    </Popconfirm>
  )
}
