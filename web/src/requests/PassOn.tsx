/**
 * The question whether a case may go on: nobody at the asked institution can take it in time, and
 * the consent names only that one. The doctor agrees with a consent that names the next.
 */
import { useQuery } from '@tanstack/react-query'
import { Alert, Button } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { InstitutionRef, RequestOut } from '../shared/schema'
import { defineWords } from '../shared/words'
import { passOnQuery, useCatalogue, usePassOn, useService } from './api'
import styles from './CasePage.module.css'
import { ConsentBlock } from './ConsentBlock'
import { type Draft, draftOf } from './draft'

const { useWords } = defineWords('pass-on', {
  asked: [
    '{{from}}暂无医师可按时接诊，可转至{{to}}',
    'Nobody at {{from}} can take it in time; it may go on to {{to}}',
  ],
  hint: [
    '原知情同意只写明了{{from}}。请取得患者同意后转送；不转则继续在原处等待。',
    'The consent names {{from}} only. Get the patient’s consent to pass it on; otherwise it keeps its place.',
  ],
  agree: ['已取得同意，转送', 'Consent obtained: pass it on'],
})

export function PassOn({ item }: { item: RequestOut }) {
  const asks = useQuery({ ...passOnQuery(item.id), enabled: item.state === 'open' })
  const to = asks.data?.provider
  return to && item.state === 'open' ? <Question key={to.id} item={item} to={to} /> : null
}

function Question({ item, to }: { item: RequestOut; to: InstitutionRef }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const service = useService(item.service)
  const pass = usePassOn(item.id)
  const [draft, change] = useState<Draft>(() => asked(item, to.id))
  if (!catalogue || !service) return null
  const from = item.provider?.short_name ?? '—'
  const { consent } = draft
  const named = consent.kind === 'waiver' || (consent.receiver === to.id && !!consent.signer)
  return (
    <Alert
      type="warning"
      showIcon
      title={t('asked', { from, to: to.short_name })}
      description={
        <div className={styles.passOn}>
          <p>{t('hint', { from })}</p>
          <ConsentBlock
            item={item}
            draft={draft}
            change={change}
            catalogue={catalogue}
            service={service}
          />
          {pass.error ? <ProblemNotice error={pass.error} /> : null}
          <Button
            type="primary"
            disabled={!named}
            loading={pass.isPending}
            onClick={() => pass.mutate({ provider_id: to.id, consent })}
          >
            {t('agree')}
          </Button>
        </div>
      }
    />
  )
}

/** Signed anew, for this receiver: what the first consent said of the signer is a beginning. */
function asked(item: RequestOut, to: string): Draft {
  const draft = draftOf(item)
  const { signer, relation } = draft.consent
  return { ...draft, providerId: to, consent: { kind: 'signed', signer, relation } }
}
