/** Images that changed after the report was signed: said to everybody, checked by a doctor. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Input, Space } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ImageChangeOut, RequestOut } from '../shared/schema'
import { defineWords } from '../shared/words'
import { checkImages, signedImagesQuery } from './api'

const { useWords, say } = defineWords('changes', {
  title: [
    '签名后影像有变化，报告待核对',
    'Images changed after signing; the report is to be checked',
  ],
  checked: ['签名后影像有变化，已核对', 'Images changed after signing; checked'],
  arrived: ['{{what}} 补充到达 {{n}} 幅', '{{what}}: {{n}} more images arrived'],
  corrected: ['{{what}} 更正 {{n}} 幅', '{{what}}: {{n}} images corrected'],
  hidden: ['{{what}} 隐藏 {{n}} 幅', '{{what}}: {{n}} images hidden'],
  restored: ['{{what}} 恢复 {{n}} 幅', '{{what}}: {{n}} images put back'],
  noChange: ['{{who}} 核对，报告不变', 'checked by {{who}}, report unchanged'],
  revised: ['已由新的签名处理', 'settled by a new signature'],
  note: ['核对说明（可不填）', 'A few words (optional)'],
  check: ['已核对，报告不变', 'Checked, no change'],
  orRevise: [
    '需要修改时，请写补充或修订报告。',
    'If something changes, write an addendum or an amendment.',
  ],
  done: ['已核对', 'Checked'],
  signedOn: ['签名时的图像，现已不显示：{{n}} 幅', '{{n}} images as they were when signed'],
  signedImage: ['第 {{n}} 幅', 'image {{n}}'],
  identity: [
    '患者登记已合并，现为 {{now}}；已签名的报告保留签名时的身份。',
    'The patient was merged and is now {{now}}; the signed report keeps who was signed.',
  ],
})

export function ImageChanges({ item }: { item: RequestOut }) {
  const t = useWords()
  const changes = item.image_changes
  const waiting = changes.filter((each) => each.checked_at === null)
  const now = item.patient_now
  return (
    <>
      {now ? (
        <Alert
          type="info"
          showIcon
          title={t('identity', { now: `${now.name} ${now.patient_id}` })}
        />
      ) : null}
      {changes.length === 0 ? null : (
        <Alert
          type={waiting.length > 0 ? 'warning' : 'success'}
          showIcon
          title={t(waiting.length > 0 ? 'title' : 'checked')}
          description={
            <>
              {changes.map((each) => (
                <div key={each.id}>
                  {changeWords(each)} · <Moment at={each.at} /> {endWords(each)}
                </div>
              ))}
              <SignedImages id={item.id} />
              {item.allowed.includes('check-images') ? <Check id={item.id} /> : null}
            </>
          }
        />
      )}
    </>
  )
}

/** What the report was made on and is no longer shown. */
function SignedImages({ id }: { id: string }) {
  const t = useWords()
  const { data } = useQuery(signedImagesQuery(id))
  if (!data || data.items.length === 0) return null
  return (
    <details>
      <summary>{t('signedOn', { n: data.items.length })}</summary>
      <Space wrap>
        {data.items.map((each, at) => (
          <a key={each.id} href={each.picture} target="_blank" rel="noreferrer">
            {t('signedImage', { n: each.number ?? at + 1 })}
          </a>
        ))}
      </Space>
    </details>
  )
}

function changeWords(change: ImageChangeOut): string {
  const what = [change.modalities.replaceAll('\\', '/'), change.description].join(' ').trim()
  return say(change.what, { what, n: change.instances })
}

function endWords(change: ImageChangeOut): string {
  if (change.checked_at === null) return ''
  const ended =
    change.outcome === 'revised'
      ? say('revised')
      : say('noChange', { who: change.checked_by ?? '' })
  return `· ${[ended, change.note].filter(Boolean).join('：')}`
}

function Check({ id }: { id: string }) {
  const t = useWords()
  const { message } = App.useApp()
  const [note, setNote] = useState('')
  const check = useMutation({
    mutationFn: () => checkImages(id, note),
    onSuccess: () => void message.success(t('done')),
  })
  return (
    <>
      <Space wrap>
        <Input
          aria-label={t('note')}
          placeholder={t('note')}
          maxLength={200}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <Button type="primary" loading={check.isPending} onClick={() => check.mutate()}>
          {t('check')}
        </Button>
      </Space>
      <div>{t('orRevise')}</div>
      {check.error ? <ProblemNotice error={check.error} /> : null}
    </>
  )
}
