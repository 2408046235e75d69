/** What a case costs, how it was counted, and how far it is settled. */
import { useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Input, Modal, Select, Tag } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { ChargeOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { type ChargeStep, chargeQuery, useChargeStep, useNamed, yuan } from './aftercare'
import { useCatalogue } from './api'
import caseStyles from './CasePage.module.css'
import styles from './Charge.module.css'

const { useWords } = defineWords('charge', {
  title: ['费用', 'Charge'],
  unpriced: ['未定价', 'unpriced'],
  total: ['合计', 'Total'],
  counted: [
    '实时 {{minutes}} 分钟，专家 {{experts}} 名',
    '{{minutes}} min live, {{experts}} experts',
  ],
  fromRecord: ['非实时，专家 {{experts}} 名', 'From the record, {{experts}} experts'],
  payer: ['由{{who}}支付', 'paid by {{who}}'],
  named: ['点名专家', 'Expert asked for by name'],
  charge: ['计费', 'Charge'],
  settle: ['已收到，结算', 'Paid: settle'],
  waive: ['减免', 'Waive'],
  refund: ['退费', 'Refund'],
  whoPays: ['由谁支付', 'Who pays'],
  why: ['原因', 'Reason'],
  note: ['说明（可不填）', 'Remark (optional)'],
})

const STEPS: readonly ChargeStep[] = ['charge', 'settle', 'waive', 'refund']
const COLOURS: Record<string, string> = {
  unpriced: 'default',
  priced: 'warning',
  charged: 'processing',
  settled: 'success',
}

export function Charge({ item }: { item: RequestOut }) {
  const t = useWords()
  const asked = useQuery({ ...chargeQuery(item.id), enabled: item.state !== 'draft' })
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  const one = asked.data?.charge
  if (!one) return null
  return (
    <section className={page.card} aria-label={t('title')}>
      <div className={caseStyles.reportHead}>
        <h2 className={caseStyles.heading}>{t('title')}</h2>
        <Tag color={COLOURS[one.state] ?? 'default'}>{pick(one.state_words)}</Tag>
      </div>
      <Lines one={one} />
      <Steps one={one} />
      <Moves one={one} />
    </section>
  )
}

function Lines({ one }: { one: ChargeOut }) {
  const t = useWords()
  const amount = (fen: number | null) => (fen === null ? t('unpriced') : yuan(fen))
  return (
    <>
      <table className={styles.lines}>
        <tbody>
          {[...one.fees, ...one.surcharges].map((line) => (
            <tr key={line.code}>
              <td>
                {pick(line.label)}
                {line.quantity > 1 ? ` × ${line.quantity}` : ''}
              </td>
              <td>{amount(line.amount)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('total')}</th>
            <td>{amount(one.amount)}</td>
          </tr>
        </tfoot>
      </table>
      <p className={styles.quiet}>
        {t(one.minutes > 0 ? 'counted' : 'fromRecord', {
          minutes: one.minutes,
          experts: one.experts,
        })}
        {one.payer_words ? ` · ${t('payer', { who: pick(one.payer_words) })}` : ''}
      </p>
    </>
  )
}

function Steps({ one }: { one: ChargeOut }) {
  const t = useWords()
  const [step, ask] = useState<ChargeStep | null>(null)
  const take = useChargeStep(one.request_id)
  const named = useNamed(one.request_id)
  if (one.allowed.length === 0) return null
  return (
    <div className={styles.steps}>
      {one.allowed.includes('named') ? (
        <Checkbox
          checked={one.named}
          disabled={named.isPending}
          onChange={(event) => named.mutate({ version: one.version, named: event.target.checked })}
        >
          {t('named')}
        </Checkbox>
      ) : null}
      {STEPS.filter((each) => one.allowed.includes(each)).map((each) => (
        <Button
          key={each}
          type={each === 'charge' || each === 'settle' ? 'primary' : 'default'}
          loading={take.isPending && take.variables.step === each}
          onClick={() =>
            each === 'settle' ? take.mutate({ step: each, version: one.version }) : ask(each)
          }
        >
          {t(each)}
        </Button>
      ))}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {named.error ? <ProblemNotice error={named.error} /> : null}
      {step ? <Asked key={step} one={one} step={step} onClose={() => ask(null)} /> : null}
    </div>
  )
}

interface AskedProps {
  one: ChargeOut
  step: ChargeStep
  onClose: () => void
}

/** Who pays, or why it is waived or refunded. */
function Asked({ one, step, onClose }: AskedProps) {
  const t = useWords()
  const catalogue = useCatalogue()
  const take = useChargeStep(one.request_id)
  const [chosen, choose] = useState<string>()
  const [note, setNote] = useState('')
  const charges = step === 'charge'
  const reasons = (catalogue?.reasons ?? [])
    .filter((reason) => reason.step === `${step}-charge`)
    .map((reason) => ({ value: reason.code, label: pick(reason.label) }))
  const payers = one.payers.map((payer) => ({ value: payer.code, label: pick(payer.label) }))
  const payer = one.payers.find((each) => each.code === chosen)?.code as ChargeOut['payer']
  const given = charges ? { payer } : { reason: chosen ?? null }
  return (
    <Modal
      open
      title={t(step)}
      onCancel={onClose}
      okButtonProps={{ disabled: !chosen, loading: take.isPending }}
      onOk={() =>
        take.mutate({ step, version: one.version, note, ...given }, { onSuccess: onClose })
      }
    >
      <div className={styles.asked}>
        <Select
          aria-label={t(charges ? 'whoPays' : 'why')}
          placeholder={t(charges ? 'whoPays' : 'why')}
          value={chosen}
          onChange={choose}
          options={charges ? payers : reasons}
        />
        {charges ? null : (
          <Input
            aria-label={t('note')}
            placeholder={t('note')}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
        {take.error ? <ProblemNotice error={take.error} /> : null}
      </div>
    </Modal>
  )
}

function Moves({ one }: { one: ChargeOut }) {
  if (one.moves.length === 0) return null
  return (
    <ul className={styles.moves}>
      {one.moves.map((move) => (
        <li key={move.n}>
          <Moment at={move.moved_at} /> {pick(move.event_words)} · {move.moved_by}
        </li>
      ))}
    </ul>
  )
}
