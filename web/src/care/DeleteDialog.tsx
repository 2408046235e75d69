/** Deletes hidden images for good: what keeps them, of which kind the record is, and from when. */
import { useMutation } from '@tanstack/react-query'
import { Alert, App, Modal, Radio } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { KeepingOut, RemovalOut } from '../shared/schema'
import { pick } from '../shared/words'
import { deleteImages } from './api'
import styles from './care.module.css'
import { sayHold, useHoldWords } from './holdWords'
import { sinceWords, today } from './keeping'

interface Props {
  row: RemovalOut
  open: boolean
  onClose: () => void
}

export function DeleteDialog({ row, open, onClose }: Props) {
  const t = useHoldWords()
  const { message } = App.useApp()
  const [record, setRecord] = useState('')
  const remove = useMutation({
    mutationFn: () => deleteImages(row.id, record || null),
    onSuccess: () => {
      void message.success(t('removed'))
      onClose()
    },
  })
  const why = reasonsAgainst(row, record)
  return (
    <Modal
      open={open}
      title={t('removeTitle')}
      okText={t('doRemove')}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true, loading: remove.isPending, disabled: why.length > 0 }}
      onOk={() => remove.mutate()}
      onCancel={onClose}
      destroyOnHidden
    >
      <p className={page.quiet}>{t('removeTeach')}</p>
      <h3 className={`${page.subtitle} ${styles.asked}`}>{t('record')}</h3>
      <Radio.Group
        className={styles.reasons}
        aria-label={t('record')}
        value={record}
        onChange={(event) => setRecord(event.target.value as string)}
        options={[
          {
            value: '',
            label: t('unknownLine', { kind: t('unknownKind'), day: row.keeping.until }),
          },
          ...row.keeping.kinds.map((each) => ({ value: each.kind, label: kindWords(each) })),
        ]}
      />
      <p className={`${page.quiet} ${page.small}`}>{sinceWords(row.keeping)}</p>
      {why.length > 0 ? (
        <Alert
          className={styles.notice}
          type="warning"
          showIcon
          title={t('notYet')}
          description={why.map((each) => <div key={each}>{each}</div>)}
        />
      ) : null}
      {remove.error ? <ProblemNotice error={remove.error} /> : null}
    </Modal>
  )
}

function kindWords(kind: KeepingOut['kinds'][number]): string {
  return sayHold('kindLine', { kind: pick(kind.label), years: kind.years, day: kind.until })
}

/** All that the server would refuse it for, in the order that it asks. */
function reasonsAgainst(row: RemovalOut, record: string): string[] {
  const until = row.keeping.kinds.find((each) => each.kind === record)?.until ?? row.keeping.until
  const found: string[] = []
  if (row.mine) found.push(sayHold('whyMine'))
  if (row.on_hold) found.push(sayHold('whyHold'))
  if (row.in_use) found.push(sayHold('whyInUse'))
  if (today() < until) found.push(sayHold('whyKept', { day: until }))
  return found
}
