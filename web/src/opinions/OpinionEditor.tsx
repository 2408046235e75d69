/** Where an expert writes: saved as it is written, fixed by a signature. */
import { useMutation } from '@tanstack/react-query'
import { App, Button, Form, Input, Modal } from 'antd'
import { useRef, useState } from 'react'
import { useMeeting } from '../requests/api'
import { DiagnosisInput } from '../requests/pickers'
import { useMe } from '../session/session'
import { useAutosave } from '../shared/autosave'
import { ProblemNotice } from '../shared/ProblemNotice'
import { SaveSign } from '../shared/SaveSign'
import type { OpinionContent, OpinionOut, RequestOut } from '../shared/schema'
import { saveOpinion, signOpinion } from './api'
import styles from './OpinionsBlock.module.css'
import { PARTS, useWords } from './words'

type Written = Required<OpinionContent>

export function OpinionEditor({ item, one }: { item: RequestOut; one: OpinionOut }) {
  const t = useWords()
  const meeting = useMeeting(item.service)
  const { message } = App.useApp()
  const [signing, setSigning] = useState(false)
  const [written, setWritten] = useState<Written>(() => ({
    analysis: one.content?.analysis ?? '',
    opinion: one.content?.opinion ?? '',
    advice: one.content?.advice ?? '',
    diagnosis: one.content?.diagnosis ?? [],
  }))
  const based = useRef(one.version)
  const { keeper, view } = useAutosave<Written>(async (wanted) => {
    based.current = (await saveOpinion(one.id, based.current, wanted)).version
  }, null)
  const change = (next: Written) => {
    setWritten(next)
    keeper.change(next)
  }
  const ask = () => {
    if (written.opinion.trim()) setSigning(true)
    else void message.warning(t('needOpinion'))
  }
  return (
    <section className={styles.editor} aria-label={t('mine')}>
      {view.state === 'stopped' ? <ProblemNotice error={view.error} kept={t('stopped')} /> : null}
      {PARTS.map((part) => (
        <label key={part} htmlFor={`${part}-${one.id}`}>
          {t(part, { meeting })}
          <Input.TextArea
            id={`${part}-${one.id}`}
            value={written[part]}
            maxLength={4000}
            autoSize={{ minRows: part === 'opinion' ? 4 : 2, maxRows: 14 }}
            onChange={(event) => change({ ...written, [part]: event.target.value })}
          />
        </label>
      ))}
      <label htmlFor={`diagnosis-${one.id}`}>{t('diagnosis')}</label>
      <DiagnosisInput
        id={`diagnosis-${one.id}`}
        value={written.diagnosis}
        onChange={(value) =>
          change({ ...written, diagnosis: (value ?? []) as Written['diagnosis'] })
        }
      />
      <footer className={styles.foot}>
        <SaveSign view={view} />
        <Button type="primary" onClick={ask}>
          {t('sign')}
        </Button>
      </footer>
      {signing ? (
        <SignOpinion
          item={item}
          one={one}
          before={() => keeper.flush()}
          version={() => based.current}
          onClose={() => setSigning(false)}
        />
      ) : null}
    </section>
  )
}

interface SignProps {
  item: RequestOut
  one: OpinionOut
  before: () => Promise<void>
  version: () => number
  onClose: () => void
}

function SignOpinion({ item, one, before, version, onClose }: SignProps) {
  const t = useWords()
  const me = useMe()
  const sign = useMutation({
    mutationFn: async ({ password }: { password: string }) => {
      await before()
      return signOpinion(one.id, version(), password)
    },
    onSuccess: onClose,
  })
  return (
    <Modal
      open
      width={420}
      title={t('signTitle')}
      okText={t('sign')}
      cancelText={t('cancel')}
      okButtonProps={{ loading: sign.isPending, htmlType: 'submit', form: 'opinion-signature' }}
      onCancel={onClose}
    >
      <p className={styles.hint}>
        {item.patient_name} · {item.number}
        <br />
        {t('signHint')}
      </p>
      <Form
        id="opinion-signature"
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => sign.mutate(given)}
      >
        <input type="text" autoComplete="username" value={me.username} readOnly hidden />
        <Form.Item
          name="password"
          label={t('password')}
          rules={[{ required: true, message: t('needPassword') }]}
        >
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
      </Form>
      {sign.error ? <ProblemNotice error={sign.error} /> : null}
    </Modal>
  )
}
