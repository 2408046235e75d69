/**
 * Consent: signed for exactly this receiver in exactly this version, or an emergency waiver.
 *
 * Choosing another receiver makes the consent incomplete again; the server checks the same.
 */

import { useQuery } from '@tanstack/react-query'
import { Checkbox, Collapse, Input, Radio, Select } from 'antd'
import { serverNow } from '../shared/now'
import type { CatalogueOut, Consent, ServiceTypeOut } from '../shared/schema'
import { pick } from '../shared/words'
import { destinationsQuery } from './api'
import styles from './ConsentBlock.module.css'
import type { BlockProps } from './FormPage'
import { localOf } from './fields'
import { useWords } from './formWords'

interface Props extends BlockProps {
  catalogue: CatalogueOut
  service: ServiceTypeOut
}

export function ConsentBlock(props: Props) {
  const { draft, change, catalogue } = props
  const t = useWords()
  const choose = (kind: 'signed' | 'waiver') =>
    change((now) => ({
      ...now,
      consent: {
        ...now.consent,
        kind,
        ...(kind === 'signed'
          ? {
              version: catalogue.consent.version,
              receiver: now.providerId ?? '',
              signed_at: now.consent.signed_at ?? new Date(serverNow()).toISOString(),
            }
          : {}),
      },
    }))
  return (
    <div className={styles.block} id="field-consent">
      <Radio.Group
        optionType="button"
        aria-label={t('consent')}
        value={draft.consent.kind || null}
        options={[
          { value: 'signed', label: t('signed') },
          { value: 'waiver', label: t('waiver') },
        ]}
        onChange={(event) => choose(event.target.value as 'signed' | 'waiver')}
      />
      {draft.consent.kind === 'signed' ? (
        <Signed {...props} renew={() => choose('signed')} />
      ) : null}
      {draft.consent.kind === 'waiver' ? <Waiver {...props} /> : null}
    </div>
  )
}

const RELATIONS = ['self', 'guardian', 'spouse', 'relative'] as const

function Signed({ item, draft, change, catalogue, service, renew }: Props & { renew: () => void }) {
  const t = useWords()
  const { data } = useQuery(destinationsQuery(item.service, item.id))
  const receiver = data?.items.find((each) => each.institution.id === draft.providerId)?.institution
  const set = (part: Partial<Consent>) =>
    change((now) => ({ ...now, consent: { ...now.consent, ...part } }))
  if (!draft.providerId || !receiver) return <p className={styles.hint}>{t('receiverFirst')}</p>
  const named = draft.consent.receiver === draft.providerId
  const text = filled(pick(catalogue.consent), {
    receiver: receiver.name,
    requester: item.requester.name,
    service: pick(service.label),
    fee: t('fee'),
    receiver_contact: t('contact'),
  })
  return (
    <>
      <Checkbox checked={named} onChange={renew}>
        {t('version', { v: catalogue.consent.version, who: receiver.name })}
      </Checkbox>
      <div className={styles.fields}>
        <label htmlFor="consent-signer">{t('signer')}</label>
        <Input
          id="consent-signer"
          value={draft.consent.signer ?? ''}
          maxLength={64}
          onChange={(event) => set({ signer: event.target.value })}
        />
        <label htmlFor="field-guardian">{t('relation')}</label>
        <Select
          id="field-guardian"
          value={draft.consent.relation ?? 'self'}
          options={RELATIONS.map((value) => ({ value, label: t(value) }))}
          onChange={(relation) => set({ relation })}
        />
        <label htmlFor="consent-at">{t('signedAt')}</label>
        <Input
          id="consent-at"
          type="datetime-local"
          value={localOf(draft.consent.signed_at)}
          onChange={(event) =>
            set({ signed_at: event.target.value ? `${event.target.value}:00+08:00` : null })
          }
        />
      </div>
      <Checkbox
        checked={draft.consent.onward ?? false}
        onChange={(event) => set({ onward: event.target.checked })}
      >
        {t('onward')}
      </Checkbox>
      <Checkbox
        checked={draft.consent.teaching_use ?? false}
        onChange={(event) => set({ teaching_use: event.target.checked })}
      >
        {t('teaching')}
      </Checkbox>
      <Collapse
        ghost
        size="small"
        styles={{ header: { paddingInline: 0 } }}
        items={[{ key: 'text', label: t('text'), children: <p className={styles.text}>{text}</p> }]}
      />
    </>
  )
}

function Waiver({ draft, change, catalogue }: Props) {
  const t = useWords()
  const reasons = catalogue.reasons.filter((each) => each.step === 'emergency-waiver')
  const set = (part: Partial<Consent>) =>
    change((now) => ({ ...now, consent: { ...now.consent, ...part } }))
  return (
    <div className={styles.fields}>
      <label htmlFor="field-waiver">{t('approver')}</label>
      <Input
        id="field-waiver"
        value={draft.consent.approver ?? ''}
        maxLength={64}
        onChange={(event) => set({ approver: event.target.value })}
      />
      <label htmlFor="waiver-reason">{t('waiverReason')}</label>
      <Select
        id="waiver-reason"
        value={draft.consent.reason || null}
        options={reasons.map((each) => ({ value: each.code, label: pick(each.label) }))}
        onChange={(reason: string) => set({ reason })}
      />
    </div>
  )
}

/** The consent text with its placeholders filled. */
export function filled(text: string, values: Record<string, string>): string {
  return text.trim().replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole)
}
