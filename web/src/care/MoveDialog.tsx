/** Moves one study to the right patient: found as one types, both identities side by side. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Form, Input, Modal, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { patientFacts, patientNumber } from '../requests/names'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { MoveOutlook, PatientOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { candidatesQuery, moveStudy, outlookQuery, undoChange } from './api'
import styles from './care.module.css'
import { sayMove, useMoveWords } from './moveWords'

interface Props {
  studyId: string
  open: boolean
  onClose: () => void
}

interface Given {
  reason: string
}

export function MoveDialog({ studyId, open, onClose }: Props) {
  const t = useMoveWords()
  const told = useTellMoved()
  const [form] = Form.useForm<Given>()
  const [to, setTo] = useState<PatientOut | null>(null)
  const ahead = useQuery({ ...outlookQuery(studyId), enabled: open })
  const close = () => {
    setTo(null)
    onClose()
  }
  const move = useMutation({
    mutationFn: async ({ reason }: Given) => {
      if (to === null) return
      told(await moveStudy(studyId, { to: to.id, reason }), to)
    },
    onSuccess: close,
  })
  return (
    <Modal
      open={open}
      width={680}
      title={t('title')}
      okText={t('doMove')}
      cancelText={t('cancel')}
      okButtonProps={{
        loading: move.isPending,
        disabled: to === null || ahead.data === undefined || ahead.data.blocked,
      }}
      onOk={form.submit}
      onCancel={close}
      destroyOnHidden
    >
      <p className={page.quiet}>{t('teach')}</p>
      {ahead.error ? (
        <ProblemNotice error={ahead.error} onRetry={() => void ahead.refetch()} />
      ) : null}
      {ahead.isPending ? <Skeleton active /> : null}
      {ahead.data ? (
        <>
          <Cases outlook={ahead.data} />
          {ahead.data.blocked ? null : <Find from={ahead.data.patient} onChosen={setTo} />}
          <Both from={ahead.data.patient} to={to} blocked={ahead.data.blocked} />
          <Form
            form={form}
            className={styles.form}
            layout="vertical"
            requiredMark={false}
            hidden={ahead.data.blocked}
            onFinish={(given) => move.mutate(given)}
          >
            <Form.Item
              name="reason"
              label={t('reason')}
              rules={[{ required: true, whitespace: true, message: t('needReason') }]}
            >
              <Input maxLength={200} placeholder={t('reasonHint')} />
            </Form.Item>
          </Form>
        </>
      ) : null}
      {move.error ? <ProblemNotice error={move.error} /> : null}
    </Modal>
  )
}

/** Says that it is done, with a way back. */
function useTellMoved() {
  const t = useMoveWords()
  const { message } = App.useApp()
  return (change: string, to: PatientOut) => {
    const undo = async () => {
      message.destroy(change)
      try {
        await undoChange(change)
        void message.success(t('undone'))
      } catch (error) {
        void message.error({ content: <ProblemNotice error={error} />, duration: 10 })
      }
    }
    void message.success({
      key: change,
      duration: 10,
      content: (
        <>
          {t('moved', { name: `${to.name} ${patientNumber(to)}` })}{' '}
          <Button type="link" size="small" onClick={() => void undo()}>
            {t('undo')}
          </Button>
        </>
      ),
    })
  }
}

/** What stands in the way, and what becomes of the requests. */
function Cases({ outlook }: { outlook: MoveOutlook }) {
  const t = useMoveWords()
  if (outlook.cases.length === 0) return null
  return (
    <Alert
      className={styles.notice}
      type={outlook.blocked ? 'error' : 'info'}
      showIcon
      title={t(outlook.blocked ? 'blocked' : 'cases')}
      description={outlook.cases.map((each) => (
        <div key={each.id}>
          <Link to={`/requests/${each.id}`} className={styles.linked}>
            {each.number ?? t('draft')}
          </Link>{' '}
          {t(each.effect)}
        </div>
      ))}
    />
  )
}

function Find({ from, onChosen }: { from: PatientOut; onChosen: (to: PatientOut) => void }) {
  const t = useMoveWords()
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<string | null>(null)
  const q = useSettled(typed.trim(), 250)
  const { data, error, isFetching } = useQuery(candidatesQuery(q))
  const found = (q ? (data?.items ?? []) : []).filter((each) => each.id !== from.id)
  return (
    <>
      <Select<string | null>
        autoFocus
        className={styles.finder}
        showSearch={{ filterOption: false, onSearch: setTyped }}
        placeholder={t('find')}
        aria-label={t('find')}
        value={chosen}
        loading={isFetching}
        notFoundContent={q && !isFetching ? t('none') : null}
        onChange={(id) => {
          setChosen(id)
          const to = found.find((each) => each.id === id)
          if (to) onChosen(to)
        }}
        options={found.map((each) => ({
          value: each.id,
          label: (
            <>
              <PatientLine name={each.name} sex={each.sex} age={each.age} /> · {patientFacts(each)}
            </>
          ),
        }))}
      />
      {error ? <ProblemNotice error={error} /> : null}
    </>
  )
}

const FACTS = ['name', 'number', 'born', 'sex'] as const

function Both({
  from,
  to,
  blocked,
}: {
  from: PatientOut
  to: PatientOut | null
  blocked: boolean
}) {
  const t = useMoveWords()
  return (
    <div className={styles.sides}>
      <Identity title={t('now')} patient={from} other={to} />
      {blocked ? null : <Identity title={t('after')} patient={to} other={from} />}
    </div>
  )
}

function Identity({
  title,
  patient,
  other,
}: {
  title: string
  patient: PatientOut | null
  other: PatientOut | null
}) {
  const t = useMoveWords()
  const facts = patient ? factsOf(patient) : null
  const others = other ? factsOf(other) : null
  return (
    <section className={styles.side} aria-label={title}>
      <h2>{title}</h2>
      {facts === null ? <p className={page.quiet}>{t('notChosen')}</p> : null}
      {facts === null ? null : (
        <dl className={styles.facts}>
          {FACTS.map((key) => {
            const differs = others !== null && others[key] !== facts[key]
            return [
              <dt key={`${key}-name`}>{t(key)}</dt>,
              <dd key={key} className={differs ? styles.differs : undefined}>
                {facts[key] || '—'}
                {differs ? <span className="visually-hidden"> ({t('differs')})</span> : null}
              </dd>,
            ]
          })}
        </dl>
      )}
    </section>
  )
}

function factsOf(patient: PatientOut): Record<(typeof FACTS)[number], string> {
  const sex = patient.sex
  return {
    name: patient.name,
    number: patientNumber(patient),
    born: patient.birth_date,
    sex: sex === 'M' || sex === 'F' || sex === 'O' ? sayMove(sex) : sayMove('U'),
  }
}
