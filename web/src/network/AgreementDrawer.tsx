/**
 * One agreement: its deadlines and rank, what a change would mean for new cases, and who changed
 * what. Each side sets its own part; what somebody typed outlives a change by somebody else.
 */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Drawer, InputNumber, Skeleton } from 'antd'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { ProblemError, problemWords } from '../shared/problem'
import { queryClient } from '../shared/queries'
import type { AgreementIn, AgreementPage, CatalogueOut, PreviewOut, TermIn } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import styles from './AgreementDrawer.module.css'
import { AgreementHistory } from './AgreementHistory'
import { agreementQuery, previewQuery, setAgreement } from './api'
import { KindOfCase, kindKey, minutesWords, Terms } from './Terms'
import { TermsForm } from './TermsForm'
import { say, useWords } from './words'

export function AgreementDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const t = useWords()
  return (
    <Drawer open={id !== null} size={760} title={t('agreement')} onClose={onClose} destroyOnHidden>
      {id === null ? null : <Asked id={id} />}
    </Drawer>
  )
}

function Asked({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(agreementQuery(id))
  const catalogue = useCatalogue()
  if (error) return <ProblemNotice error={error} kept="" onRetry={() => void refetch()} />
  return data && catalogue ? <Shown shown={data} catalogue={catalogue} /> : <Skeleton active />
}

function Shown({ shown, catalogue }: { shown: AgreementPage; catalogue: CatalogueOut }) {
  const t = useWords()
  const { agreement, may } = shown
  const [requester, provider] = [agreement.requester.short_name, agreement.provider.short_name]
  const edits = may.includes('terms')
  const ranks = may.includes('rank')
  return (
    <>
      <p className={styles.parties}>{t('asks', { requester, provider })}</p>
      <p className={styles.teach}>{t('ownPart')}</p>
      <h3 className={styles.sub}>{t('terms')}</h3>
      <p className={styles.teach}>{t('termsTeach')}</p>
      {edits ? (
        <Form shown={shown} catalogue={catalogue} />
      ) : (
        <Terms terms={agreement.terms} catalogue={catalogue} />
      )}
      <h3 className={styles.sub}>{t('rank')}</h3>
      <p className={styles.teach}>{t('rankTeach')}</p>
      {ranks ? <RankForm shown={shown} /> : <span className="tabular">{agreement.rank}</span>}
      <h3 className={styles.sub}>{t('history')}</h3>
      <AgreementHistory shown={shown} catalogue={catalogue} />
    </>
  )
}

/** Saves, and says who was first when somebody was: what was typed stays. */
function useSaving(shown: AgreementPage) {
  const t = useWords()
  const { message } = App.useApp()
  const id = shown.agreement.id
  return useMutation({
    mutationFn: (given: AgreementIn) => setAgreement(id, given),
    onSuccess: () => void message.success(t('saved')),
    onError: (error) => {
      if (isStale(error))
        void queryClient.invalidateQueries({ queryKey: agreementQuery(id).queryKey })
    },
  })
}

function isStale(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'stale'
}

function Form({ shown, catalogue }: { shown: AgreementPage; catalogue: CatalogueOut }) {
  const t = useWords()
  const { agreement, revision } = shown
  const [typed, setTyped] = useState<TermIn[] | null>(null)
  const [base, setBase] = useState(revision)
  const save = useSaving(shown)
  const terms = typed ?? termsOf(shown)
  const given = useSettled({ revision, terms }, 400)
  const preview = useQuery({ ...previewQuery(agreement.id, given), enabled: typed !== null })
  const change = (next: TermIn[]) => {
    if (typed === null) setBase(revision)
    setTyped(next)
  }
  const differs = changed(terms, shown)
  const last = shown.changes[0]
  return (
    <>
      {typed !== null && last && revision > base ? (
        <Alert type="warning" showIcon title={t('fresher', { by: last.by, n: revision })} />
      ) : null}
      <TermsForm
        terms={terms}
        services={agreement.services}
        catalogue={catalogue}
        onChange={change}
      />
      {typed === null ? null : (
        <section className={styles.preview} aria-label={t('previewTitle')}>
          {preview.error ? (
            <Alert type="error" showIcon role="alert" title={problemWords(preview.error).what} />
          ) : (
            <Preview found={preview.data} catalogue={catalogue} />
          )}
          {save.error && !isStale(save.error) ? <ProblemNotice error={save.error} /> : null}
          <div className={styles.actions}>
            <Button
              type="primary"
              disabled={preview.error !== null || preview.isFetching || !differs}
              loading={save.isPending}
              onClick={() => save.mutate({ revision, terms }, { onSuccess: () => setTyped(null) })}
            >
              {t('save')}
            </Button>
            <Button onClick={() => setTyped(null)}>{t('reset')}</Button>
          </div>
        </section>
      )}
    </>
  )
}

function Preview({ found, catalogue }: { found: PreviewOut | undefined; catalogue: CatalogueOut }) {
  const t = useWords()
  if (found === undefined) return <Skeleton active title={false} paragraph={{ rows: 1 }} />
  if (found.differences.length === 0) return <p className={styles.teach}>{t('previewNone')}</p>
  return (
    <>
      <h4 className={styles.previewTitle}>{t('previewTitle')}</h4>
      <ul className={styles.differences}>
        {found.differences.map((each) => (
          <li key={kindKey(each)}>
            <KindOfCase of={each} catalogue={catalogue} />{' '}
            {each.before ? minutesWords(each.before) : t('nothing')}
            {each.before?.by === 'network' ? `（${t('networkTerms')}）` : ''} →{' '}
            <strong>{each.after ? minutesWords(each.after) : t('nothing')}</strong>
            {each.after?.by === 'network' ? `（${t('networkTerms')}）` : ''}
          </li>
        ))}
      </ul>
      <p className={styles.teach}>{t('running', { n: found.running })}</p>
    </>
  )
}

function termsOf(shown: AgreementPage): TermIn[] {
  return (shown.agreement.terms ?? []).map(
    ({ service, urgency, minutes, clock, modality, frozen, clause }) => ({
      service,
      urgency: urgency as TermIn['urgency'],
      minutes,
      clock,
      modality: modality ?? null,
      frozen: frozen ? true : null,
      clause: clause ?? '',
    }),
  )
}

/** Also where only the clause differs, and no case is promised otherwise. */
function changed(terms: readonly TermIn[], shown: AgreementPage): boolean {
  return JSON.stringify(terms) !== JSON.stringify(termsOf(shown))
}

function RankForm({ shown }: { shown: AgreementPage }) {
  const t = useWords()
  const { agreement, revision } = shown
  const [typed, setTyped] = useState<number | null>(null)
  const save = useSaving(shown)
  const differs = typed !== null && typed !== agreement.rank
  return (
    <div className={styles.rank}>
      <InputNumber
        aria-label={t('rank')}
        min={1}
        max={99}
        precision={0}
        value={typed ?? agreement.rank}
        onChange={(given) => setTyped(given)}
      />
      <Button
        type="primary"
        disabled={!differs}
        loading={save.isPending}
        onClick={() => save.mutate({ revision, rank: typed }, { onSuccess: () => setTyped(null) })}
      >
        {t('save')}
      </Button>
      {differs ? (
        <span className={styles.teach}>
          {say('previewRank', { before: agreement.rank, after: typed })}
        </span>
      ) : null}
      {save.error ? <ProblemNotice error={save.error} /> : null}
    </div>
  )
}
