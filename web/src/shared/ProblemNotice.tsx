/** An error, told to a person: what happened, what was kept, what to do, and the code. */
import { Alert, Button } from 'antd'
import styles from './ProblemNotice.module.css'
import { problemWords } from './problem'
import { defineWords } from './words'

const { useWords } = defineWords('problemNotice', {
  retry: ['重试', 'Retry'],
  code: ['编号 {{code}}', 'Code {{code}}'],
})

interface Props {
  error: unknown
  /** What this page has kept, when it knows better than the general sentence. */
  kept?: string
  onRetry?: () => void
}

export function ProblemNotice({ error, kept, onRetry }: Props) {
  const t = useWords()
  const words = problemWords(error)
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={words.what}
      description={
        <div className={styles.more}>
          <span>
            {kept ?? words.kept} {words.todo}
          </span>
          <code className={styles.code}>{t('code', { code: words.code })}</code>
        </div>
      }
      action={
        onRetry ? (
          <Button size="small" onClick={onRetry}>
            {t('retry')}
          </Button>
        ) : undefined
      }
    />
  )
}
