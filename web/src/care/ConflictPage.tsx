/** One conflict: both copies side by side, where they differ, and the decision. */
import { PictureOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Form, Input, Radio, Skeleton, Table, Tag } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { useCatalogue } from '../requests/api'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { ConflictDetail, DifferenceOut, ResolveIn, SideOut } from '../shared/schema'
import { pick } from '../shared/words'
import { studyDate } from '../studies/dates'
import { conflictQuery, reopenConflict, resolveConflict } from './api'
import styles from './care.module.css'
import { reasonWords, resolutionWords } from './QuarantinePage'
import { useWords } from './words'

export function ConflictPage() {
  const t = useWords()
  const { id = '' } = useParams()
  const found = useQuery(conflictQuery(id))
  return (
    <main className={`${page.page} ${styles.compared}`}>
      <header className={page.head}>
        <h1 className={page.title}>{t('compare')}</h1>
        <Link to="/care/quarantine">{t('back')}</Link>
      </header>
      {found.error ? (
        <ProblemNotice error={found.error} onRetry={() => void found.refetch()} />
      ) : null}
      {found.isPending ? <Skeleton active paragraph={{ rows: 10 }} /> : null}
      {found.data ? <Compared item={found.data} /> : null}
    </main>
  )
}

function Compared({ item }: { item: ConflictDetail }) {
  const t = useWords()
  const { conflict } = item
  return (
    <>
      <p className={styles.first}>
        <Tag color={conflict.reason === 'other-patient' ? 'error' : 'warning'}>
          {reasonWords(conflict.reason)}
        </Tag>
        <span>{t('copies', { n: conflict.count })}</span>
        {item.pixels_differ === null ? null : (
          <span>{t(item.pixels_differ ? 'pixelsDiffer' : 'pixelsSame')}</span>
        )}
      </p>
      <div className={styles.sides}>
        <Side title={t('here')} side={item.kept} other={item.new} />
        <Side title={t('arrived')} side={item.new} other={item.kept} />
      </div>
      <section className={page.card}>
        <h2 className={page.subtitle}>{t('differences')}</h2>
        <Differences rows={item.differences} />
      </section>
      {conflict.resolution ? <Decided item={item} /> : <Decision item={item} />}
    </>
  )
}

function Side({
  title,
  side,
  other,
}: {
  title: string
  side: SideOut | null
  other: SideOut | null
}) {
  const t = useWords()
  if (side === null)
    return (
      <section className={styles.side}>
        <h2>{title}</h2>
        <Empty small title={t('nothingHere')} teach="" />
      </section>
    )
  const facts = factsOf(side)
  const others = other ? factsOf(other) : null
  return (
    <section className={styles.side} aria-label={title}>
      <h2>{title}</h2>
      <Picture address={side.picture} />
      <dl className={styles.facts}>
        {FACTS.map((key) => {
          const differs = others !== null && others[key] !== facts[key]
          return [
            <dt key={`${key}-name`}>{t(key)}</dt>,
            <dd key={key} className={differs ? styles.differs : undefined}>
              {facts[key] || '—'}
              {differs ? <span className="visually-hidden"> ({t('differs')})</span> : null}
            </dd>,
          ]
        })}
        <dt>{t('images')}</dt>
        <dd>{t('copies', { n: side.instances })}</dd>
        <dt>{t('at')}</dt>
        <dd>
          <Moment at={side.arrived_at} />
        </dd>
      </dl>
    </section>
  )
}

const FACTS = ['patient', 'number', 'born', 'study', 'accession'] as const

function factsOf(side: SideOut): Record<(typeof FACTS)[number], string> {
  return {
    patient: [side.patient_name, side.patient_sex].filter(Boolean).join(' '),
    number: side.patient_id,
    born: side.birth_date,
    study: [side.modality, side.description, studyDate(side.study_date)].filter(Boolean).join(' '),
    accession: side.accession_number,
  }
}

function Picture({ address }: { address: string | null }) {
  const [failed, setFailed] = useState(false)
  return (
    <span className={styles.picture}>
      {address && !failed ? (
        <img src={address} alt="" onError={() => setFailed(true)} />
      ) : (
        <PictureOutlined aria-hidden />
      )}
    </span>
  )
}

function Differences({ rows }: { rows: DifferenceOut[] }) {
  const t = useWords()
  if (rows.length === 0) return <p className={page.quiet}>{t('noDifferences')}</p>
  return (
    <Table<DifferenceOut>
      size="small"
      rowKey="tag"
      pagination={false}
      scroll={{ x: 'max-content' }}
      dataSource={rows}
      columns={[
        {
          title: t('attribute'),
          key: 'attribute',
          render: (_, row) => (
            <>
              {row.keyword} <span className={styles.more}>{row.tag}</span>
            </>
          ),
        },
        { title: t('here'), dataIndex: 'kept', render: (text: string) => text || '—' },
        { title: t('arrived'), dataIndex: 'new', render: (text: string) => text || '—' },
      ]}
    />
  )
}

const CHOICES = {
  kept: ['doKept', 'doKeptTeach'],
  accepted: ['doAccepted', 'doAcceptedTeach'],
  'filed-here': ['doFiledHere', 'doFiledHereTeach'],
  'filed-named': ['doFiledNamed', 'doFiledNamedTeach'],
} as const

function Decision({ item }: { item: ConflictDetail }) {
  const t = useWords()
  const { message } = App.useApp()
  const reasons = (useCatalogue()?.reasons ?? []).filter((each) => each.step === 'quarantine')
  const decide = useMutation({
    mutationFn: (given: ResolveIn) =>
      resolveConflict(item.conflict.id, { ...given, note: given.note ?? '' }),
    onSuccess: (done) => void message.success(t('done', { n: done.instances })),
  })
  return (
    <section className={page.card}>
      <h2 className={page.subtitle}>{t('decide')}</h2>
      {item.flags > 0 ? (
        <Alert type="warning" showIcon title={t('flags', { n: item.flags })} />
      ) : null}
      <Form<ResolveIn>
        layout="vertical"
        requiredMark={false}
        onFinish={(given) => decide.mutate(given)}
      >
        <Form.Item name="resolution" rules={[{ required: true, message: t('decide') }]}>
          <Radio.Group
            className={styles.choices}
            aria-label={t('decide')}
            options={item.may.map((value) => ({
              value,
              label: (
                <span className={styles.choice}>
                  {t(CHOICES[value][0])}
                  <span>{t(CHOICES[value][1])}</span>
                </span>
              ),
            }))}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, message: t('needReason') }]}
        >
          <Radio.Group
            className={styles.reasons}
            options={reasons.map((each) => ({ value: each.code, label: pick(each.label) }))}
          />
        </Form.Item>
        <Form.Item name="note" label={t('note')}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={500} />
        </Form.Item>
        {decide.error ? <ProblemNotice error={decide.error} /> : null}
        <Button type="primary" htmlType="submit" loading={decide.isPending}>
          {t('confirm')}
        </Button>
      </Form>
    </section>
  )
}

function Decided({ item }: { item: ConflictDetail }) {
  const t = useWords()
  const { message } = App.useApp()
  const undo = useMutation({
    mutationFn: () => reopenConflict(item.conflict.id),
    onSuccess: () => void message.success(t('undone')),
  })
  const { resolution, resolved_at: at } = item.conflict
  return (
    <section className={page.card}>
      <p>
        <strong>{resolutionWords(resolution ?? '')}</strong>{' '}
        {item.resolved_by ? t('by', { who: item.resolved_by }) : null}{' '}
        {at ? <Moment at={at} /> : null}
      </p>
      {undo.error ? <ProblemNotice error={undo.error} /> : null}
      {resolution === 'filed-named' ? null : (
        <Button loading={undo.isPending} onClick={() => undo.mutate()}>
          {t('undo')}
        </Button>
      )}
    </section>
  )
}
