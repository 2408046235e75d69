/** Beside the report: what the experts signed, to be read and put into it. */
import { useQuery } from '@tanstack/react-query'
import { App, Button, Collapse } from 'antd'
import { insertWords } from '../reports/inserts'
import { useMeeting } from '../requests/api'
import type { OpinionOut, RequestOut } from '../shared/schema'
import { pick } from '../shared/words'
import { caseOpinionsQuery } from './api'
import styles from './OpinionsBlock.module.css'
import { diagnosisWords, OpinionText } from './OpinionText'
import { PARTS, useWords } from './words'

export function DrawTogether({ item, writing }: { item: RequestOut; writing: boolean }) {
  const t = useWords()
  const meeting = useMeeting(item.service)
  const { message } = App.useApp()
  const asked = useQuery(caseOpinionsQuery(item.id)).data?.items ?? []
  const signed = asked.filter((one) => one.content && one.sha256)
  const open = asked.filter(
    (one) => one.role !== 'chair' && (one.state === 'asked' || one.state === 'accepted'),
  )
  if (signed.length === 0 && open.length === 0) return null
  const insert = (one: OpinionOut) => {
    insertWords(
      item.id,
      wordsOf(one, (part) => t(part, { meeting })),
    )
    void message.success(t('inserted'))
  }
  return (
    <section aria-label={t('title')}>
      <div className={styles.head}>
        <h3 className={styles.heading}>{t('title')}</h3>
        {open.length > 0 ? (
          <span className={styles.late}>{t('waiting', { n: open.length })}</span>
        ) : null}
      </div>
      <Collapse
        size="small"
        defaultActiveKey={signed.map((one) => one.id)}
        items={signed.map((one) => ({
          key: one.id,
          label: `${one.person.name} · ${one.institution.short_name} · ${pick(one.role_words)}`,
          children: one.content ? (
            <div className={styles.one}>
              <OpinionText content={one.content} service={item.service} />
              {writing ? (
                <div>
                  <Button size="small" onClick={() => insert(one)}>
                    {t('insert')}
                  </Button>
                </div>
              ) : null}
            </div>
          ) : null,
        }))}
      />
    </section>
  )
}

/** An opinion in the words of a report: who said it, then part by part. */
function wordsOf(one: OpinionOut, label: (part: (typeof PARTS)[number]) => string): string {
  const { content } = one
  if (!content) return ''
  const parts = PARTS.filter((part) => content[part]).map(
    (part) => `${label(part)}：${content[part]}`,
  )
  const codes = diagnosisWords(content)
  return [
    `【${one.person.name}（${one.institution.name}）】`,
    ...parts,
    ...(codes ? [codes] : []),
  ].join('\n')
}
