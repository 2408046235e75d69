/** The first question of a new request: which service. The draft exists from the moment it is answered. */
import { ExperimentOutlined, HeartOutlined, PictureOutlined, TeamOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import type { ComponentType } from 'react'
import { useNavigate } from 'react-router'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { ServiceTypeOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import { catalogueQuery, createRequest } from './api'
import styles from './NewPage.module.css'

const { useWords } = defineWords('new', {
  title: ['新建申请：需要哪项服务？', 'New request: which service?'],
  teach: [
    '选好后拖入检查资料或填写病历，表单随时自动保存。',
    'Then drop the study in or write the records: the form saves as you go.',
  ],
  coming: ['即将开放', 'coming'],
  modalities: ['可附 {{list}}', 'takes {{list}}'],
  optional: ['书面病历即可，可另附检查资料', 'records are enough; studies may be added'],
  fourEyes: ['双签：一写一审', 'two signatures'],
})

const ICONS: Record<string, ComponentType> = {
  imaging: PictureOutlined,
  ecg: HeartOutlined,
  pathology: ExperimentOutlined,
}

export function NewPage() {
  const t = useWords()
  const go = useNavigate()
  const catalogue = useQuery(catalogueQuery)
  const create = useMutation({
    mutationFn: createRequest,
    onSuccess: (draft) => go(`/requests/${draft.id}/edit`, { replace: true }),
  })
  // What begins with a course is offered, not asked for.
  const asked = (catalogue.data?.services ?? []).filter((each) => each.begins === 'request')
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{t('title')}</h1>
      <p className={page.quiet}>{t('teach')}</p>
      {create.error ? <ProblemNotice error={create.error} kept="" /> : null}
      {catalogue.error ? (
        <ProblemNotice error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      ) : null}
      {catalogue.isPending ? <Skeleton active /> : null}
      <ul className={styles.services}>
        {asked.map((service) => (
          <li key={service.code}>
            <ServiceCard
              service={service}
              busy={create.isPending}
              onChosen={() => create.mutate(service.code)}
            />
          </li>
        ))}
      </ul>
    </main>
  )
}

interface CardProps {
  service: ServiceTypeOut
  busy: boolean
  onChosen: () => void
}

function ServiceCard({ service, busy, onChosen }: CardProps) {
  const t = useWords()
  const Icon = ICONS[service.code] ?? TeamOutlined
  return (
    <button
      type="button"
      className={styles.card}
      disabled={!service.live || busy}
      onClick={onChosen}
    >
      <span className={styles.icon} aria-hidden>
        <Icon />
      </span>
      <span className={styles.name}>{pick(service.label)}</span>
      <span className={styles.more}>
        {!service.live
          ? t('coming')
          : service.requires_study
            ? t('modalities', { list: service.modalities.join(' ') || '—' })
            : t('optional')}
      </span>
      {service.live && service.four_eyes ? (
        <span className={styles.more}>{t('fourEyes')}</span>
      ) : null}
    </button>
  )
}
