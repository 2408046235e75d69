/**
 * The request form: one page. Study first, the form fills itself from it; what is missing stands at
 * the side; every pause in the typing is saved; sending does not wait for the images.
 */
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Popconfirm, Radio, Skeleton } from 'antd'
import { type ReactNode, useEffect, useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { submit } from '../approvals/api'
import { SendButtons } from '../approvals/SendButtons'
import { useWords as useApprovalWords } from '../approvals/words'
import { useAutosave } from '../shared/autosave'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { ProblemError } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import { SaveSign } from '../shared/SaveSign'
import type { CatalogueOut, RequestOut, ServiceTypeOut, StudyOut } from '../shared/schema'
import { pick } from '../shared/words'
import { studiesQuery } from '../studies/api'
import { StudyCard } from '../studies/StudyCard'
import { DropArea } from '../uploads/DropArea'
import { beginUpload, useUploads } from '../uploads/manager'
import { UploadPanel } from '../uploads/UploadPanel'
import { caseQuery, catalogueQuery, saveRequest, takeStep } from './api'
import { SourceField } from './CaseLinks'
import { ConsentBlock } from './ConsentBlock'
import { DestinationChoice } from './DestinationChoice'
import { type Draft, draftOf, patchOf, type Urgency, withStudy } from './draft'
import styles from './FormPage.module.css'
import { FieldRow } from './fields'
import { useWords } from './formWords'
import { MaterialBlock } from './MaterialBlock'
import { MissingList } from './MissingList'
import { patientFacts, reasonLabel } from './names'
import { PatientBlock } from './PatientBlock'

export function FormPage() {
  const { id = '' } = useParams()
  const one = useQuery({ ...caseQuery(id), refetchOnMount: 'always' })
  const catalogue = useQuery(catalogueQuery)
  const error = one.error ?? catalogue.error
  if (error)
    return (
      <main className={page.page}>
        <ProblemNotice
          error={error}
          onRetry={() => void Promise.all([one.refetch(), catalogue.refetch()])}
        />
      </main>
    )
  const service = catalogue.data?.services.find((each) => each.code === one.data?.service)
  if (!one.data || !catalogue.data || !service)
    return (
      <main className={page.page}>
        <Skeleton active paragraph={{ rows: 3 }} />
        <Skeleton active paragraph={{ rows: 10 }} />
      </main>
    )
  return <RequestForm key={id} item={one.data} service={service} catalogue={catalogue.data} />
}

interface FormProps {
  item: RequestOut
  service: ServiceTypeOut
  catalogue: CatalogueOut
}

function RequestForm({ item, service, catalogue }: FormProps) {
  const t = useWords()
  const form = useDraft(item, service)
  const { draft, change } = form
  const missing = new Set(item.missing.map((each) => each.field))
  const why = stepReason(item, catalogue)
  const studies = <StudiesBlock item={item} draft={draft} change={change} service={service} />
  return (
    <main className={styles.form}>
      <header className={styles.head}>
        <div>
          <h1 className={page.title}>
            {pick(service.label)} <span className={styles.number}>{item.number}</span>
          </h1>
          <SaveSign view={form.view} />
        </div>
        <UrgencyChoice catalogue={catalogue} draft={draft} change={change} />
      </header>
      {why ? (
        <Alert
          type="warning"
          showIcon
          title={t(item.state === 'declined' ? 'declined' : 'returned', { why })}
          description={t(item.state === 'declined' ? 'declinedTodo' : 'returnedTodo')}
        />
      ) : null}
      {form.view.state === 'stopped' ? (
        <ProblemNotice error={form.view.error} kept={t('kept')} onRetry={form.reload} />
      ) : null}
      <div className={styles.columns}>
        <div className={styles.sections}>
          {/* The form fills itself from the study; where records are enough they come first. */}
          {service.requires_study ? studies : null}
          <Section id="patient" title={t('patient')}>
            <PatientBlock item={item} draft={draft} change={change} />
            {service.continues ? <SourceField item={item} /> : null}
          </Section>
          {service.form.map((section) => (
            <Section key={section.key} id={section.key} title={pick(section.label)}>
              <div className={styles.fields}>
                {section.fields.map((field) => (
                  <FieldRow
                    key={field.key}
                    field={field}
                    missing={missing.has(field.key)}
                    value={draft.content[field.key]}
                    onChange={(value) =>
                      change((now) => ({ ...now, content: { ...now.content, [field.key]: value } }))
                    }
                  />
                ))}
              </div>
            </Section>
          ))}
          {service.requires_study ? null : studies}
          {service.material === 'deidentified' ? (
            <Section id="material" title={t('material')}>
              <MaterialBlock
                item={item}
                draft={draft}
                change={change}
                catalogue={catalogue}
                flush={form.flush}
                onChanged={form.restart}
              />
            </Section>
          ) : null}
          <Section id="destination" title={t('destination')}>
            <DestinationChoice item={item} draft={draft} change={change} />
          </Section>
          <Section id="consent" title={t('consent')}>
            <ConsentBlock
              item={item}
              draft={draft}
              change={change}
              catalogue={catalogue}
              service={service}
            />
          </Section>
        </div>
        <aside className={styles.side}>
          <div className={styles.sticky}>
            <MissingList item={item} />
            <Sending item={item} flush={form.flush} />
          </div>
        </aside>
      </div>
    </main>
  )
}

export type Change = (step: (draft: Draft) => Draft) => void

export interface BlockProps {
  item: RequestOut
  draft: Draft
  change: Change
}

/** The draft on the screen and its way to the server. */
function useDraft(item: RequestOut, service: ServiceTypeOut) {
  const [draft, setDraft] = useState(() => draftOf(item))
  const { keeper, view } = useAutosave<Draft>(async (wanted) => {
    // Always against what the server said last, not against what was drawn last.
    const known = queryClient.getQueryData(caseQuery(item.id).queryKey) ?? item
    const patch = patchOf(wanted, known)
    if (Object.keys(patch).length === 1) return
    const after = await saveRequest(item.id, patch)
    if (wanted.patient)
      setDraft((now) =>
        now.patient === wanted.patient
          ? { ...now, patient: null, patientRef: after.patient?.id ?? null }
          : now,
      )
  }, Date.parse(item.updated_at))
  const change: Change = (step) => {
    const next = step(draft)
    setDraft(next)
    keeper.change(next)
  }
  useArrivingStudies(item, draft, change, service)
  const reload = () =>
    void queryClient.refetchQueries({ queryKey: caseQuery(item.id).queryKey }).then(() => {
      // The newer version becomes the base; the words on the screen are laid over it.
      keeper.change(draft)
    })
  /** The server changed the draft by itself: what it says now is what stands here. */
  const restart = () =>
    void queryClient
      .fetchQuery({ ...caseQuery(item.id), staleTime: 0 })
      .then((now) => setDraft(draftOf(now)))
  return { draft, change, view, flush: () => keeper.flush(), reload, restart }
}

/** Studies that finish uploading for this request join the form by themselves. */
function useArrivingStudies(
  item: RequestOut,
  draft: Draft,
  change: Change,
  service: ServiceTypeOut,
) {
  const arrived = useUploads()
    .uploads.filter((upload) => upload.requestId === item.id)
    .flatMap((upload) => upload.studies)
  const fresh = arrived.find(
    (study) => !draft.studyIds.includes(study.id) && isTheirs(draft, study),
  )
  useEffect(() => {
    if (fresh === undefined) return
    change((now) => withStudy(now, fresh, service))
    void queryClient.invalidateQueries({ queryKey: [KEYS.requests, 'one', item.id] })
  })
}

function isTheirs(draft: Draft, study: StudyOut): boolean {
  return draft.patientRef === null || draft.patientRef === study.patient.id
}

/** Why the case came back, in words; empty while it did not. */
function stepReason(item: RequestOut, catalogue: CatalogueOut): string {
  if (item.state !== 'returned' && item.state !== 'declined') return ''
  const reason = item.step_reason
  const step = item.state === 'returned' ? 'return' : 'decline'
  return [reasonLabel(catalogue, step, reason?.code ?? reason?.reason), reason?.note]
    .filter(Boolean)
    .join('：')
}

function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section id={`section-${id}`} className={page.card} aria-label={title}>
      <h2 className={styles.section}>{title}</h2>
      {children}
    </section>
  )
}

interface UrgencyProps {
  catalogue: CatalogueOut
  draft: Draft
  change: Change
}

function UrgencyChoice({ catalogue, draft, change }: UrgencyProps) {
  const t = useWords()
  return (
    <Radio.Group
      aria-label={t('urgency')}
      optionType="button"
      buttonStyle="solid"
      value={draft.urgency}
      options={catalogue.urgencies.map((each) => ({ value: each.value, label: pick(each.label) }))}
      onChange={(event) => change((now) => ({ ...now, urgency: event.target.value as Urgency }))}
    />
  )
}

function StudiesBlock({ item, draft, change, service }: BlockProps & { service: ServiceTypeOut }) {
  const t = useWords()
  const { message } = App.useApp()
  const uploads = useUploads().uploads.filter((upload) => upload.requestId === item.id)
  const arrived = uploads.flatMap((upload) => upload.studies)
  const known = new Map([...item.studies, ...arrived].map((study) => [study.id, study]))
  const attached = draft.studyIds.flatMap((id) => known.get(id) ?? [])
  const strangers = arrived.filter(
    (study) => !draft.studyIds.includes(study.id) && !isTheirs(draft, study),
  )
  return (
    <Section id="studies" title={t(service.requires_study ? 'studies' : 'studiesOptional')}>
      <div className={styles.studies}>
        <DropArea
          slim={attached.length > 0 || uploads.length > 0}
          hint={t('dropHint', { list: service.modalities.join(' ') })}
          onPicked={(picked) => {
            beginUpload(item.id, picked).catch((error: unknown) => {
              void message.error(error instanceof ProblemError ? pick(error.body) : t('notBegun'))
            })
          }}
        />
        {uploads.map((upload) => (
          <UploadPanel key={upload.id} upload={upload} inForm />
        ))}
        {strangers.map((study) => (
          <Alert
            key={study.id}
            type="warning"
            showIcon
            title={t('stranger', { name: study.patient.name })}
            description={t('strangerTodo', { facts: patientFacts(study.patient) })}
            action={
              <Button
                size="small"
                onClick={() =>
                  change((now) =>
                    withStudy(
                      { ...now, patient: null, patientRef: study.patient.id, studyIds: [] },
                      study,
                      service,
                    ),
                  )
                }
              >
                {t('strangerUse')}
              </Button>
            }
          />
        ))}
        {attached.map((study) => (
          <StudyCard
            key={study.id}
            study={study}
            extra={
              <Button
                type="link"
                size="small"
                onClick={() =>
                  change((now) => ({
                    ...now,
                    studyIds: now.studyIds.filter((id) => id !== study.id),
                  }))
                }
              >
                {t('takeOff')}
              </Button>
            }
          />
        ))}
        <HospitalStudies item={item} draft={draft} change={change} service={service} />
      </div>
    </Section>
  )
}

/** Studies of this patient that are here already, sent by a technician or a device. */
function HospitalStudies({
  item,
  draft,
  change,
  service,
}: BlockProps & { service: ServiceTypeOut }) {
  const t = useWords()
  const patient = item.patient?.id === draft.patientRef ? item.patient : null
  const { data } = useInfiniteQuery({
    ...studiesQuery({ q: patient?.patient_id ?? '' }),
    enabled: patient !== null,
  })
  const offered = (data?.pages.flatMap((each) => each.items) ?? []).filter(
    (study) =>
      study.patient.id === patient?.id &&
      !draft.studyIds.includes(study.id) &&
      study.modalities.some((modality) => service.modalities.includes(modality)),
  )
  if (offered.length === 0) return null
  return (
    <>
      <h3 className={styles.offered}>{t('hospitalStudies')}</h3>
      {offered.map((study) => (
        <StudyCard
          key={study.id}
          study={study}
          extra={
            <Button size="small" onClick={() => change((now) => withStudy(now, study, service))}>
              {t('attach')}
            </Button>
          }
        />
      ))}
    </>
  )
}

function Sending({ item, flush }: { item: RequestOut; flush: () => Promise<void> }) {
  const t = useWords()
  const go = useNavigate()
  const { message } = App.useApp()
  const again = item.state !== 'draft'
  const approval = useApprovalWords()
  const send = useMutation({
    mutationFn: async (bypass: boolean) => {
      await flush()
      return again ? takeStep(item.id, 'resubmit') : submit(item.id, bypass)
    },
    onSuccess: (after) => {
      void message.success(after.state === 'awaiting' ? approval('applied') : t('sent'))
      void go(`/requests/${item.id}`)
    },
  })
  const discard = useMutation({
    mutationFn: () => takeStep(item.id, 'discard'),
    onSuccess: () => void go('/requests'),
  })
  return (
    <div className={styles.sending}>
      {send.error ? <ProblemNotice error={send.error} /> : null}
      <SendButtons
        item={item}
        word={again ? t('sendAgain') : t('send')}
        disabled={item.missing.length > 0}
        loading={send.isPending}
        onSend={(bypass) => send.mutate(bypass)}
      />
      {item.uploads_running ? <p className={styles.hint}>{t('mayLeave')}</p> : null}
      {item.allowed.includes('discard') ? (
        <Popconfirm
          title={t('discardSure')}
          okText={t('discard')}
          cancelText={t('keep')}
          onConfirm={() => discard.mutate()}
        >
          <Button type="text" block danger>
            {t('discard')}
          </Button>
        </Popconfirm>
      ) : null}
    </div>
  )
}
