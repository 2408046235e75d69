/** Finding a time that all can make, and proposing it; where there is none, what closes it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Checkbox, DatePicker, Form, InputNumber, Modal, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useEffect, useState } from 'react'
import { useCatalogue } from '../requests/api'
import { dayAfter, dayOf, midnight } from '../roster/days'
import { useMe } from '../session/session'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { SlotOut, SlotSearchIn, Words } from '../shared/schema'
import { pick } from '../shared/words'
import { book, bookableQuery, findSlots, providersQuery } from './api'
import styles from './BookDialog.module.css'
import { type Found, SlotAnswer } from './SlotAnswer'
import { wait } from './waiting'
import { useWords as useWaitingWords } from './waitingWords'
import { daysFor, FURTHEST, type Wished } from './wished'
import { useWords } from './words'

interface Filled {
  service: string
  provider: string
  people: string[]
  count: number
  chair: boolean
  chairs: string[]
  minutes: number
  dates: [Dayjs, Dayjs]
  room: boolean
  urgent: boolean
}

interface Someone {
  id: string
  name: string
  title: Words
}

/** What a case fills in: whoever is asked about it, and whose it is. */
export interface Preset {
  service: string
  provider: string
  people: readonly Someone[]
  chairs: string[]
  request_id: string
  requester_id: string
  urgent: boolean
  wished: Wished | undefined
  /** Until when it is to be answered, in milliseconds. */
  due: number | undefined
}

interface Props {
  preset?: Preset
  onClose: () => void
  onBooked: (id: string) => void
}

const FORM = 'book'
/** Minutes of a session of which nothing else is known. */
const USUAL = 30

export function BookDialog({ preset, onClose, onBooked }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Filled>()
  const [asked, setAsked] = useState<Filled | null>(null)
  const [first] = useState(() => begunWith(preset))
  const find = useMutation({
    mutationFn: (given: Filled) => look(given, preset?.wished),
    onMutate: setAsked,
  })
  const { mutate, reset } = find
  // A case says all that a search needs: nobody has to press anything to see its first times.
  useEffect(() => {
    if (isWhole(first)) mutate(first)
  }, [first, mutate])
  const take = useMutation({
    mutationFn: ({ slot, given }: { slot: SlotOut; given: Filled }) =>
      book(slot, {
        service: given.service,
        provider_id: given.provider,
        minutes: given.minutes,
        urgent: given.urgent,
        ...(preset ? { request_id: preset.request_id, requester_id: preset.requester_id } : {}),
      }),
    onSuccess: (one) => {
      void message.success(t('booked', { number: one.number }))
      onClose()
      onBooked(one.id)
    },
    // Somebody was quicker: what is left is looked for anew.
    onError: () => asked && find.mutate(asked),
  })
  return (
    <Modal
      open
      width={680}
      title={t('bookTitle')}
      onCancel={onClose}
      footer={
        <Button type="primary" htmlType="submit" form={FORM} loading={find.isPending}>
          {t('find')}
        </Button>
      }
    >
      <SearchForm
        form={form}
        first={first}
        preset={preset}
        onGiven={(given) => mutate(given)}
        onChanged={reset}
      />
      {find.error ? <ProblemNotice error={find.error} /> : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {find.data && asked ? (
        <SlotAnswer
          found={find.data}
          due={preset?.due}
          taking={take.isPending ? take.variables?.slot.since : undefined}
          onTake={(slot) => take.mutate({ slot, given: asked })}
        />
      ) : null}
      {find.data && asked ? (
        <Wait
          key={find.submittedAt}
          given={asked}
          none={find.data.answer.why !== null}
          onDone={onClose}
        />
      ) : null}
    </Modal>
  )
}

function SearchForm({
  form,
  first,
  preset,
  onGiven,
  onChanged,
}: {
  form: ReturnType<typeof Form.useForm<Filled>>[0]
  first: Partial<Filled>
  preset: Preset | undefined
  onGiven: (given: Filled) => void
  /** What was found answers another question by now. */
  onChanged: () => void
}) {
  const t = useWords()
  const own = useMe().institution
  const catalogue = useCatalogue()
  const service = Form.useWatch('service', form) ?? ''
  const provider = Form.useWatch('provider', form) ?? ''
  const chosen = Form.useWatch('people', form) ?? []
  const services = catalogue?.services.filter((each) => each.live) ?? []
  const offers = useQuery(providersQuery(service)).data?.items ?? []
  const there = useQuery(bookableQuery(provider)).data
  const people = there ? offered(there.people, preset) : undefined
  const providers = [
    ...offers.map((each) => ({ value: each.institution.id, label: each.institution.name })),
    ...(own ? [{ value: own.id, label: `${own.name}（${t('own')}）` }] : []),
  ]
  const today = dayjs(dayOf(serverNow()))
  return (
    <Form<Filled>
      id={FORM}
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={first}
      onFinish={onGiven}
      onValuesChange={onChanged}
    >
      <div className={styles.two}>
        <Form.Item name="service" label={t('service')} rules={[{ required: true }]}>
          <Select
            options={services.map((each) => ({ value: each.code, label: pick(each.label) }))}
            onChange={() => form.setFieldsValue({ provider: undefined, people: [], chairs: [] })}
          />
        </Form.Item>
        <Form.Item name="provider" label={t('provider')} rules={[{ required: true }]}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={providers}
            onChange={() => form.setFieldsValue({ people: [], chairs: [] })}
          />
        </Form.Item>
      </div>
      <Form.Item name="people" label={t('experts')}>
        <Select
          mode="multiple"
          placeholder={t('anyExpert')}
          showSearch={{ optionFilterProp: 'label' }}
          {...(people ? { options: people } : {})}
        />
      </Form.Item>
      <div className={styles.three}>
        <Form.Item name="count" label={t('count')} rules={[{ required: true }]}>
          <InputNumber
            className={styles.whole}
            min={1}
            max={Math.max(1, chosen.length || 20)}
            precision={0}
          />
        </Form.Item>
        <Form.Item name="minutes" label={t('length')} rules={[{ required: true }]}>
          <InputNumber className={styles.whole} min={8} max={480} precision={0} />
        </Form.Item>
        <Form.Item name="dates" label={t('dates')} rules={[{ required: true }]}>
          <DatePicker.RangePicker
            className={styles.whole}
            allowClear={false}
            minDate={today}
            maxDate={today.add(FURTHEST, 'day')}
          />
        </Form.Item>
      </div>
      <Form.Item name="chairs" label={t('chair')}>
        <Select
          mode="multiple"
          options={people?.filter((each) => chosen.includes(each.value)) ?? []}
          disabled={chosen.length === 0}
        />
      </Form.Item>
      <div className={styles.ticks}>
        <Form.Item name="room" valuePropName="checked" noStyle>
          <Checkbox disabled={(there?.resources.length ?? 0) === 0}>{t('needRoom')}</Checkbox>
        </Form.Item>
        <Form.Item name="urgent" valuePropName="checked" noStyle>
          <Checkbox>{t('urgent')}</Checkbox>
        </Form.Item>
      </div>
    </Form>
  )
}

/** Experts of a case may be of other institutions than the one that answers. */
function offered(there: readonly Someone[], preset: Preset | undefined) {
  const known = new Map([...there, ...(preset?.people ?? [])].map((each) => [each.id, each]))
  return [...known.values()].map((each) => ({
    value: each.id,
    label: `${each.name}（${pick(each.title)}）`,
  }))
}

/** What the form begins with; a case fills in all of it. */
function begunWith(preset: Preset | undefined): Partial<Filled> {
  const [from, to] = daysFor(preset?.wished, serverNow())
  const people = preset?.people.map((each) => each.id) ?? []
  return {
    ...(preset ? { service: preset.service, provider: preset.provider } : {}),
    people,
    count: Math.max(1, people.length),
    chairs: preset?.chairs ?? [],
    minutes: preset?.wished?.minutes ?? USUAL,
    dates: [dayjs(from), dayjs(to)],
    room: false,
    urgent: preset?.urgent ?? false,
  }
}

function isWhole(given: Partial<Filled>): given is Filled {
  return Boolean(given.service && given.provider)
}

/** The times between two days; and whether the wished one is among them, or what closes it. */
async function look(given: Filled, wished: Wished | undefined): Promise<Found> {
  const [answer, exact] = await Promise.all([
    findSlots(searchOf(given)),
    wished ? findSlots(exactly(given, wished.at)) : undefined,
  ])
  return { answer, wished: wished && exact ? { at: wished.at, exact } : undefined }
}

/** The search for one time and no other. */
function exactly(given: Filled, at: number): SlotSearchIn {
  const since = new Date(at).toISOString()
  const until = new Date(at + given.minutes * 60_000).toISOString()
  return { ...searchOf(given), since, until, step: 1, grid_from: since }
}

/** Slots of the grid in minutes: micro-slots follow each other, longer ones begin on quarters. */
function searchOf(given: Filled): SlotSearchIn {
  const [from, to] = given.dates
  const people =
    given.people.length > 0 ? { people: given.people } : { institution: given.provider }
  const group = { role: 'expert', people: [], ...people, count: given.count, chairs: given.chairs }
  const room = { kind: 'room' as const, resources: [], institution: given.provider, units: 1 }
  return {
    service: given.service,
    since: new Date(midnight(from.format('YYYY-MM-DD'))).toISOString(),
    until: new Date(midnight(dayAfter(to.format('YYYY-MM-DD'), 1))).toISOString(),
    minutes: given.minutes,
    step: given.minutes < 15 ? given.minutes : 15,
    before: 0,
    after: 0,
    groups: [group],
    places: given.room ? [room] : [],
    urgent: given.urgent,
    working_hours: false,
  }
}

/** Where there is no time, the search can wait for one; where there is, it says how. */
function Wait({ given, none, onDone }: { given: Filled; none: boolean; onDone: () => void }) {
  const t = useWaitingWords()
  const { message } = App.useApp()
  const join = useMutation({
    mutationFn: () => wait(given.provider, searchOf(given)),
    onSuccess: () => {
      void message.success(t('joined'))
      onDone()
    },
  })
  if (!none) return <p className={styles.teach}>{t('better')}</p>
  return (
    <div className={styles.wait}>
      <span className={styles.teach}>{t('joinTeach')}</span>
      <Button loading={join.isPending} onClick={() => join.mutate()}>
        {t('join')}
      </Button>
      {join.error ? <ProblemNotice error={join.error} /> : null}
    </div>
  )
}
