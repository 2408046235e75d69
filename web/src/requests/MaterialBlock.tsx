/** Material told without its patient: copies under a pseudonym, or why not. */
import { SafetyCertificateOutlined } from '@ant-design/icons'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Checkbox, Progress, Select } from 'antd'
import { useState } from 'react'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { KEYS } from '../shared/queries'
import type { CatalogueOut, Consent } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { viewerAddress } from '../studies/StudyCard'
import { caseQuery } from './api'
import type { BlockProps } from './FormPage'
import styles from './MaterialBlock.module.css'

const { useWords } = defineWords('material', {
  ask: ['发送前须去标识化', 'To be de-identified before it is sent'],
  askMore: [
    '将复制所附检查：更换编号，去除姓名、号码和说明文字，日期整体前移；受邀方只看到“讨论病例”。原检查不变，对应关系仅本院可见。',
    'The studies are copied with new UIDs, without names, numbers and descriptions, and with shifted days. Others see a pseudonym only; whose it is stays here.',
  ],
  look: [
    '以下检查的图像上可能带有患者姓名，请打开查看，确认画面上没有后勾选：',
    'Images of these studies may show a name. Open them, and tick what shows none:',
  ],
  seen: ['已查看，画面上没有患者信息', 'Looked at; nothing of the patient is on it'],
  open: ['打开图像', 'Open'],
  go: ['去标识化', 'De-identify'],
  goOn: ['继续', 'Go on'],
  shown: ['已去标识化：{{name}}', 'De-identified: {{name}}'],
  shownMore: [
    '日期前移 {{days}} 天。未复制 {{left}} 个对象（报告、文档、玻片标签等）。',
    'Days are shifted back by {{days}}. {{left}} objects have no copy (reports, documents, slide labels).',
  ],
  undo: ['恢复原资料', 'Back to the originals'],
  instead: ['不去标识（须选择理由，并经患者同意）', 'Tell who it is (with a reason and consent)'],
  reason: ['理由', 'Reason'],
  consented: ['患者同意以真实身份参加讨论', 'The patient consents to being named'],
})

function materialQuery(id: string, version: number) {
  return queryOptions({
    queryKey: [KEYS.requests, 'material', id, version],
    queryFn: () =>
      body(api.GET('/api/requests/{id}/deidentification', { params: { path: { id } } })),
  })
}

interface Props extends BlockProps {
  catalogue: CatalogueOut
  /** The draft is asked anew, its patient and studies are others now. */
  onChanged: () => void
  flush: () => Promise<void>
}

export function MaterialBlock(props: Props) {
  const { item } = props
  const asked = useQuery(materialQuery(item.id, item.version))
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data || !item.patient) return null
  return asked.data.state === 'shown' ? (
    <Shown
      {...props}
      name={asked.data.name ?? ''}
      days={asked.data.shift_days ?? 0}
      left={asked.data.left_out}
    />
  ) : (
    <Ask {...props} risky={asked.data.at_risk} known={asked.data.looked_at} />
  )
}

function Shown({
  item,
  onChanged,
  name,
  days,
  left,
}: Props & { name: string; days: number; left: number }) {
  const t = useWords()
  const undo = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/requests/{id}/deidentification/undo', {
          params: { path: { id: item.id } },
          body: { version: item.version },
        }),
      ),
    onSuccess: onChanged,
  })
  return (
    <>
      <Alert
        type="success"
        showIcon
        icon={<SafetyCertificateOutlined />}
        title={t('shown', { name })}
        description={t('shownMore', { days, left })}
        action={
          <Button size="small" loading={undo.isPending} onClick={() => undo.mutate()}>
            {t('undo')}
          </Button>
        }
      />
      {undo.error ? <ProblemNotice error={undo.error} /> : null}
    </>
  )
}

function Ask({
  item,
  draft,
  change,
  catalogue,
  onChanged,
  flush,
  risky,
  known,
}: Props & { risky: string[]; known: string[] }) {
  const t = useWords()
  const client = useQueryClient()
  const [seen, see] = useState<string[]>(known)
  const [share, setShare] = useState(0)
  const copy = useMutation({
    mutationFn: async () => {
      await flush()
      // What was just saved is the version that is copied.
      const now = await client.fetchQuery({ ...caseQuery(item.id), staleTime: 0 })
      for (;;) {
        const after = await body(
          api.POST('/api/requests/{id}/deidentification', {
            params: { path: { id: item.id } },
            body: { version: now.version, looked_at: seen },
          }),
        )
        if (after.state === 'shown') return
        setShare(Math.round((100 * after.done) / Math.max(1, after.total)))
      }
    },
    onSuccess: onChanged,
  })
  const risk = item.studies.filter((study) => risky.includes(study.id))
  const set = (part: Partial<Consent>) =>
    change((now) => ({ ...now, consent: { ...now.consent, ...part } }))
  const reasons = catalogue.reasons.filter((each) => each.step === 'identified-material')
  return (
    <div className={styles.block} id="field-material">
      <Alert type="info" showIcon title={t('ask')} description={t('askMore')} />
      {risk.length ? (
        <fieldset className={styles.risk}>
          <legend>{t('look')}</legend>
          {risk.map((study) => (
            <div key={study.id} className={styles.study}>
              <span>
                {study.modalities.join(' ')} {study.description} {study.study_date}
              </span>
              <a href={viewerAddress([study.study_uid])} target="_blank" rel="noreferrer">
                {t('open')}
              </a>
              <Checkbox
                checked={seen.includes(study.id)}
                onChange={(event) =>
                  see(
                    event.target.checked
                      ? [...seen, study.id]
                      : seen.filter((id) => id !== study.id),
                  )
                }
              >
                {t('seen')}
              </Checkbox>
            </div>
          ))}
        </fieldset>
      ) : null}
      {copy.isPending && share ? <Progress percent={share} size="small" /> : null}
      {copy.error ? <ProblemNotice error={copy.error} /> : null}
      <Button
        type="primary"
        icon={<SafetyCertificateOutlined />}
        loading={copy.isPending}
        disabled={risk.some((study) => !seen.includes(study.id))}
        onClick={() => copy.mutate()}
      >
        {t(share ? 'goOn' : 'go')}
      </Button>
      <details className={styles.instead}>
        <summary>{t('instead')}</summary>
        <div className={styles.reasons}>
          <Select
            aria-label={t('reason')}
            placeholder={t('reason')}
            className={styles.reason}
            allowClear
            value={draft.consent.identified_reason || null}
            options={reasons.map((each) => ({ value: each.code, label: pick(each.label) }))}
            onChange={(code: string | undefined) => set({ identified_reason: code ?? '' })}
          />
          <Checkbox
            checked={draft.consent.identified ?? false}
            onChange={(event) => set({ identified: event.target.checked })}
          >
            {t('consented')}
          </Checkbox>
        </div>
      </details>
    </div>
  )
}
