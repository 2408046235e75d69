/** A filter in the making: its conditions, how many cases fit now, its name, and who shares it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Form, Input, InputNumber, Modal, Select, Space } from 'antd'
import { useState } from 'react'
import { institutionsQuery } from '../network/api'
import { useCatalogue } from '../requests/api'
import { fieldOf } from '../requests/names'
import { useMay } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { Conditions, FilterIn, FilterOut } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { pick } from '../shared/words'
import { saveFilter, type Tab, tabsFor, trialQuery } from './api'
import styles from './FilterDialog.module.css'
import { useTabName } from './Rail'
import { useWords } from './words'

interface Props {
  /** The filter that is changed, null for a new one, undefined while closed. */
  filter: FilterOut | null | undefined
  tab: Tab
  sort: string
  onClose: () => void
  onSaved: (filter: FilterOut) => void
}

export function FilterDialog({ filter, tab, sort, onClose, onSaved }: Props) {
  const t = useWords()
  return (
    <Modal
      open={filter !== undefined}
      title={t(filter ? 'editFilter' : 'newFilter')}
      footer={null}
      width={560}
      onCancel={onClose}
      destroyOnHidden
    >
      {filter === undefined ? null : (
        <FilterForm filter={filter} tab={tab} sort={sort} onSaved={onSaved} />
      )}
    </Modal>
  )
}

type Given = Conditions & { name: string; tab: Tab; audience: FilterIn['audience']; when: string }

const PERIODS = ['', 'shift 1', 'hours 2', 'days 1', 'days 3', 'days 7', 'days 30'] as const
const AUDIENCES = ['', 'everyone', 'reader', 'verifier', 'coordinator'] as const

function FilterForm({
  filter,
  tab,
  sort,
  onSaved,
}: Omit<Props, 'filter' | 'onClose'> & { filter: FilterOut | null }) {
  const t = useWords()
  const name = useTabName()
  const writes = useMay('write-reports')
  const [form] = Form.useForm<Given>()
  const before = (filter?.conditions ?? {}) as Conditions
  const [given, setGiven] = useState<Given>(() => ({
    ...before,
    name: filter?.name ?? '',
    tab: (filter?.tab as Tab | undefined) ?? tab,
    audience: (filter?.audience as FilterIn['audience']) ?? '',
    when: before.submitted ? `${before.submitted.unit} ${before.submitted.count}` : '',
  }))
  const tried = useSettled(JSON.stringify(conditionsOf(given)), 300)
  const trial = useQuery(trialQuery(given.tab, JSON.parse(tried) as Conditions))
  const save = useMutation({
    mutationFn: () =>
      saveFilter(filter?.id ?? null, {
        name: given.name,
        tab: given.tab,
        conditions: conditionsOf(given),
        sort: filter?.sort ?? sort,
        audience: given.audience ?? '',
      }),
    onSuccess: onSaved,
  })
  const found = trial.data?.items.length ?? 0
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={given}
      onValuesChange={(_, all) => setGiven({ ...given, ...all })}
      onFinish={() => save.mutate()}
      className={styles.form}
    >
      <Form.Item
        name="name"
        label={t('filterName')}
        rules={[{ required: true, whitespace: true, message: t('needName') }]}
      >
        <Input maxLength={30} autoFocus placeholder={t('filterNameHint')} />
      </Form.Item>
      <Form.Item name="tab" label={t('filterList')}>
        <Select options={tabsFor(writes).map((each) => ({ value: each, label: name(each) }))} />
      </Form.Item>
      <Where />
      <Form.Item name="when" label={t('submittedWithin')}>
        <Select options={PERIODS.map((value) => ({ value, label: periodWords(value, t) }))} />
      </Form.Item>
      <Form.Item label={t('deadline')}>
        <Space wrap>
          <Form.Item name="due_within_minutes" noStyle>
            <InputNumber
              min={1}
              max={20160}
              placeholder="—"
              className={styles.minutes}
              aria-label={t('dueWithin')}
              suffix={t('minutesLeft')}
            />
          </Form.Item>
          <Form.Item name="overdue" valuePropName="checked" noStyle>
            <Checkbox>{t('overdueOnly')}</Checkbox>
          </Form.Item>
        </Space>
      </Form.Item>
      <Form.Item name="text" label={t('textContains')}>
        <Input maxLength={60} placeholder={t('searchArchive')} />
      </Form.Item>
      <Form.Item name="audience" label={t('sharedWith')} className={styles.wide}>
        <Select
          options={AUDIENCES.map((value) => ({ value, label: t(`audience_${value || 'none'}`) }))}
        />
      </Form.Item>
      {save.error ? (
        <div className={styles.wide}>
          <ProblemNotice error={save.error} kept="" />
        </div>
      ) : null}
      <footer className={styles.foot}>
        <span role="status" className={styles.found}>
          {trial.data ? t('foundNow', { n: found >= 500 ? '500+' : found }) : '…'}
        </span>
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {t('saveFilter')}
        </Button>
      </footer>
    </Form>
  )
}

function Where() {
  const t = useWords()
  const catalogue = useCatalogue()
  const [asked, setAsked] = useState('')
  const { data: places } = useQuery(
    institutionsQuery({ q: useSettled(asked, 250), city: '', level: '', connected: true }, 0, 200),
  )
  const live = (catalogue?.services ?? []).filter((each) => each.live)
  const modalities = [...new Set(live.flatMap((each) => each.modalities))]
  const parts = live.flatMap((each) => fieldOf(catalogue, each.code, 'body_part')?.options ?? [])
  const many = { mode: 'multiple', maxTagCount: 'responsive', allowClear: true } as const
  return (
    <>
      <Form.Item name="services" label={t('services')}>
        <Select
          {...many}
          options={live.map((each) => ({ value: each.code, label: pick(each.label) }))}
        />
      </Form.Item>
      <Form.Item name="urgencies" label={t('colUrgency')}>
        <Select
          {...many}
          options={catalogue?.urgencies.map((each) => ({
            value: each.value,
            label: pick(each.label),
          }))}
        />
      </Form.Item>
      <Form.Item name="requesters" label={t('colRequester')}>
        <Select
          {...many}
          showSearch={{ filterOption: false, onSearch: setAsked }}
          options={places?.items.map((each) => ({
            value: each.id,
            label: each.short_name || each.name,
          }))}
        />
      </Form.Item>
      <Form.Item name="modalities" label={t('colModality')}>
        <Select {...many} options={modalities.map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Form.Item name="body_parts" label={t('bodyPart')}>
        <Select
          {...many}
          options={parts.map((each) => ({ value: each.value, label: pick(each.label) }))}
        />
      </Form.Item>
    </>
  )
}

/** Only what was chosen: the server knows no empty conditions but these. */
function conditionsOf(given: Given): Conditions {
  const [unit, count] = given.when.split(' ')
  return {
    services: given.services ?? [],
    urgencies: given.urgencies ?? [],
    requesters: given.requesters ?? [],
    modalities: given.modalities ?? [],
    body_parts: given.body_parts ?? [],
    submitted: unit ? { unit: unit as 'days', count: Number(count) } : null,
    due_within_minutes: given.due_within_minutes ?? null,
    overdue: given.overdue ?? false,
    critical: given.critical ?? false,
    text: given.text ?? '',
  }
}

function periodWords(value: string, t: ReturnType<typeof useWords>): string {
  const [unit, count] = value.split(' ')
  if (unit === 'shift') return t('thisShift')
  if (unit === 'hours') return t('lastHours', { n: count ?? '' })
  if (unit === 'days') return count === '1' ? t('today') : t('lastDays', { n: count ?? '' })
  return t('anyTime')
}
