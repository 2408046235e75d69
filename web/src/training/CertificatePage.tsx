/** The public check of a printed certificate; nobody needs to be signed in. */
import { CheckCircleFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Descriptions, Form, Input, Skeleton } from 'antd'
import { useNavigate, useParams } from 'react-router'
import { LanguageSwitch } from '../app/LanguageSwitch'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import { ProblemError } from '../shared/problem'
import { exactWords } from '../shared/times'
import { certificateQuery } from './api'
import { creditWords } from './shown'
import styles from './training.module.css'
import { useWords } from './words'

export function CertificatePage() {
  const t = useWords()
  const { code = '' } = useParams()
  const go = useNavigate()
  return (
    <main className={`${styles.public} ${styles.stack}`}>
      <LanguageSwitch />
      <section className={`${page.card} ${styles.stack}`}>
        <h1 className={page.title}>{t('certTitle')}</h1>
        <p className={page.quiet}>{t('certTeach')}</p>
        <Form<{ code: string }>
          layout="inline"
          initialValues={{ code }}
          onFinish={(given) => void go(`/certificates/${encodeURIComponent(given.code.trim())}`)}
        >
          <Form.Item name="code" rules={[{ required: true, message: t('need') }]}>
            <Input aria-label={t('certTeach')} autoFocus maxLength={20} />
          </Form.Item>
          <Button type="primary" htmlType="submit">
            {t('check')}
          </Button>
        </Form>
        {code ? <Found code={code} /> : null}
      </section>
    </main>
  )
}

function Found({ code }: { code: string }) {
  const t = useWords()
  const { data, error } = useQuery(certificateQuery(code))
  if (error instanceof ProblemError && error.status === 404)
    return <Alert type="error" showIcon title={t('certUnknown')} />
  if (error) return <ProblemNotice error={error} />
  if (data === undefined) return <Skeleton active />
  return (
    <>
      <p className={styles.name}>
        <CheckCircleFilled /> {t('certValid')}
      </p>
      <Descriptions
        column={1}
        size="small"
        items={[
          { key: 'name', label: t('name'), children: data.name },
          { key: 'institution', label: t('institution'), children: data.institution },
          { key: 'course', label: t('courseTitle'), children: `${data.title}（${data.number}）` },
          {
            key: 'credit',
            label: t('credit'),
            children: creditWords({
              credit_tenths: data.tenths,
              credit_class: data.credit_class,
            }),
          },
          { key: 'by', label: t('givenBy'), children: data.offerer },
          { key: 'at', label: t('givenAt'), children: exactWords(data.given_at) },
        ]}
      />
    </>
  )
}
