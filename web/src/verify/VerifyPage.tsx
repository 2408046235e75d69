/**
 * The public check of a printed report: enough to compare with the paper, no more.
 *
 * Nobody needs to be signed in. The code is on the paper, under its square.
 */
import { CheckCircleFilled, CloseCircleFilled, ExclamationCircleFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Form, Input, Skeleton } from 'antd'
import { useNavigate, useParams } from 'react-router'
import { LanguageSwitch } from '../app/LanguageSwitch'
import { api, body } from '../shared/api'
import { ProblemNotice } from '../shared/ProblemNotice'
import { ProblemError } from '../shared/problem'
import type { VerifyOut } from '../shared/schema'
import { exactWords } from '../shared/times'
import { defineWords, pick } from '../shared/words'
import styles from './VerifyPage.module.css'

const { useWords } = defineWords('verify', {
  title: ['报告查验', 'Report check'],
  teach: [
    '输入报告底部的验证码，核对报告真伪。',
    'Enter the code at the foot of the report to check it.',
  ],
  code: ['验证码', 'Verification code'],
  check: ['查验', 'Check'],
  need: ['请输入验证码', 'Enter the code'],
  valid: ['报告真实有效', 'The report is genuine and in force'],
  validMinutes: ['记录真实有效', 'The minutes are genuine and in force'],
  superseded: [
    '报告真实，但已被修订，请以最新版本为准',
    'Genuine, but amended since: ask for the newest version',
  ],
  invalid: [
    '签名不符，内容可能被改动',
    'The signature does not match: the content may have been changed',
  ],
  unknown: ['没有这份报告', 'No such report'],
  unknownTeach: [
    '请核对验证码，字母与数字不要混淆。',
    'Check the code; letters and digits are easily confused.',
  ],
  compare: ['请与纸质报告逐项核对：', 'Compare with the paper:'],
  number: ['申请单号', 'Number'],
  patient: ['患者', 'Patient'],
  institution: ['报告机构', 'Reported by'],
  requester: ['申请机构', 'Asked by'],
  issued: ['签发时间', 'Issued'],
  signers: ['签名医师', 'Signed by'],
  version: ['版本', 'Version'],
  sha256: ['内容摘要 SHA-256', 'Digest SHA-256'],
})

export function VerifyPage() {
  const t = useWords()
  const { code = '' } = useParams()
  const go = useNavigate()
  return (
    <main className={styles.page}>
      <div className={styles.language}>
        <LanguageSwitch />
      </div>
      <section className={styles.card}>
        <h1 className={styles.title}>
          <img src="/mark.svg" alt="" width={28} height={28} /> {t('title')}
        </h1>
        <p className={styles.teach}>{t('teach')}</p>
        <Form<{ code: string }>
          layout="inline"
          className={styles.form}
          initialValues={{ code }}
          onFinish={(given) => void go(`/verify/${encodeURIComponent(given.code.trim())}`)}
        >
          <Form.Item
            name="code"
            className={styles.code}
            rules={[{ required: true, message: t('need') }]}
          >
            <Input
              size="large"
              aria-label={t('code')}
              placeholder={t('code')}
              autoComplete="off"
              spellCheck={false}
            />
          </Form.Item>
          <Button type="primary" size="large" htmlType="submit">
            {t('check')}
          </Button>
        </Form>
        {code ? <Answer code={code} /> : null}
      </section>
    </main>
  )
}

function Answer({ code }: { code: string }) {
  const t = useWords()
  const check = useQuery({
    queryKey: ['verify', code],
    retry: false,
    queryFn: () => body(api.GET('/api/verify/{code}', { params: { path: { code } } })),
  })
  if (check.error instanceof ProblemError && check.error.status === 404)
    return (
      <div className={`${styles.answer} ${styles.bad}`} role="status">
        <CloseCircleFilled aria-hidden /> {t('unknown')}
        <p className={styles.more}>{t('unknownTeach')}</p>
      </div>
    )
  if (check.error)
    return <ProblemNotice error={check.error} kept="" onRetry={() => void check.refetch()} />
  if (!check.data) return <Skeleton active />
  return <Found found={check.data} />
}

function Found({ found }: { found: VerifyOut }) {
  const t = useWords()
  const [tone, Icon, word] = !found.valid
    ? ([styles.bad, CloseCircleFilled, 'invalid'] as const)
    : found.superseded
      ? ([styles.warn, ExclamationCircleFilled, 'superseded'] as const)
      : ([
          styles.good,
          CheckCircleFilled,
          found.kind === 'minutes' ? 'validMinutes' : 'valid',
        ] as const)
  const facts = [
    ['number', found.number],
    ['patient', found.patient],
    ['institution', found.institution],
    ['requester', found.requester],
    ['issued', exactWords(found.issued_at)],
    ['signers', found.signers.join('、')],
    ['version', String(found.version)],
    ['sha256', found.sha256],
  ] as const
  return (
    <>
      <div className={`${styles.answer} ${tone}`} role="status">
        <Icon aria-hidden /> {t(word)}
      </div>
      <p className={styles.teach}>{t('compare')}</p>
      <dl className={styles.facts}>
        {facts.map(([key, value]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.legal}>{pick(found.legal)}</p>
    </>
  )
}
