/** Who of the requesting side was there at the sessions of a case; nothing where there was none. */
import { useQuery } from '@tanstack/react-query'
import { Named } from '../appointments/Accompanying'
import { accompaniedQuery } from '../appointments/attending'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { RequestOut } from '../shared/schema'
import { defineWords } from '../shared/words'
import styles from './CasePage.module.css'

const { useWords } = defineWords('accompanied', { title: ['陪同医师', 'Accompanying doctor'] })

export function Accompanied({ item }: { item: RequestOut }) {
  const t = useWords()
  const asked = useQuery({ ...accompaniedQuery(item.id), enabled: item.state !== 'draft' })
  if (asked.error) return <ProblemNotice error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data?.items.length) return null
  return (
    <section className={page.card}>
      <h2 className={styles.heading}>{t('title')}</h2>
      <Named rows={asked.data.items} />
    </section>
  )
}
