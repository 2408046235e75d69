/** What an expert signed, part by part. */
import { useMeeting } from '../requests/api'
import type { OpinionContent } from '../shared/schema'
import styles from './OpinionsBlock.module.css'
import { PARTS, useWords } from './words'

interface Props {
  content: OpinionContent
  service: string
}

export function OpinionText({ content, service }: Props) {
  const t = useWords()
  const meeting = useMeeting(service)
  const codes = content.diagnosis ?? []
  return (
    <div className={styles.text}>
      {PARTS.filter((part) => content[part]).map((part) => (
        <div key={part}>
          <div className={styles.label}>{t(part, { meeting })}</div>
          {content[part]}
        </div>
      ))}
      {codes.length > 0 ? (
        <div>
          <div className={styles.label}>{t('diagnosis')}</div>
          {diagnosisWords(content)}
        </div>
      ) : null}
    </div>
  )
}

export function diagnosisWords(content: OpinionContent): string {
  return (content.diagnosis ?? [])
    .map((each) => [each.name, each.code].filter(Boolean).join(' '))
    .join('；')
}
