/** Finding a time that all can make, and proposing it; where there is none, what closes it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Checkbox, DatePicker, Form, InputNumber, Modal, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useCatalogue } from '../requests/api'
import { clockOf, dayAfter, dayOf, midnight } from '../roster/days'
import { dateWords, weekdayWords } from '../roster/words'
import { useMe } from '../session/session'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { SlotOut, SlotSearchIn, SlotsOut, Words } from '../shared/schema'
import { pick } from '../shared/words'
import { book, bookableQuery, findSlots, providersQuery } from './api'
import styles from './BookDialog.module.css'
import { wait } from './waiting'
import { useWords as useWaitingWords } from './waitingWords'
import { roleWords, useWords } from './words'

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
}

interface Props {
  preset?: Preset
  onClose: () => void
  onBooked: (id: string) => void
}

const FORM = 'book'

export function BookDialog({ preset, onClose, onBooked }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<Filled>()
  const [asked, setAsked] = useState<Filled | null>(null)
  const find = useMutation({
    mutationFn: (given: Filled) => findSlots(searchOf(given)),
    onMutate: setAsked,
  })
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
      <SearchForm form={form} preset={preset} onGiven={(given) => find.mutate(given)} />
      {find.error ? <ProblemNotice error={find.error} /> : null}
      {take.error ? <ProblemNotice error={take.error} /> : null}
      {find.data && asked ? (
        <Answer
          answer={find.data}
          taking={take.isPending ? take.variables?.slot.since : undefined}
          onTake={(slot) => take.mutate({ slot, given: asked })}
        />
      ) : null}
      {find.data && asked ? (
        <Wait key={find.submittedAt} given={asked} none={find.data.why !== null} onDone={onClose} />
      ) : null}
    </Modal>
  )
}

function SearchForm({
  form,
  preset,
  onGiven,
}: {
  form: ReturnType<typeof Form.useForm<Filled>>[0]
  preset: Preset | undefined
  onGiven: (given: Filled) => void
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
      initialValues={{
        people: [],
        chairs: [],
        count: 1,
        minutes: 30,
        dates: [today, today.add(13, 'day')],
        room: false,
        urgent: false,
        ...(preset ? filledBy(preset) : {}),
      }}
      onFinish={onGiven}
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
          <InputNumber min={1} max={Math.max(1, chosen.length || 20)} precision={0} />
        </Form.Item>
        <Form.Item name="minutes" label={t('length')} rules={[{ required: true }]}>
          <InputNumber min={8} max={480} precision={0} />
        </Form.Item>
        <Form.Item name="dates" label={t('dates')} rules={[{ required: true }]}>
          <DatePicker.RangePicker
            allowClear={false}
            minDate={today}
            maxDate={today.add(91, 'day')}
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

function filledBy(preset: Preset) {
  const { service, provider, chairs, urgent } = preset
  const people = preset.people.map((each) => each.id)
  return { service, provider, chairs, urgent, people, count: Math.max(1, people.length) }
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

interface AnswerProps {
  answer: SlotsOut
  taking: string | undefined
  onTake: (slot: SlotOut) => void
}

const MOST_SHOWN = 120

function Answer({ answer, taking, onTake }: AnswerProps) {
  const t = useWords()
  if (answer.why) return <Why answer={answer} />
  const names = new Map(answer.people.map((each) => [each.id, each.name]))
  const days = new Map<string, SlotOut[]>()
  for (const slot of answer.slots.slice(0, MOST_SHOWN)) {
    const day = dayOf(Date.parse(slot.since))
    days.set(day, [...(days.get(day) ?? []), slot])
  }
  const cut = answer.more || answer.slots.length > MOST_SHOWN
  return (
    <section aria-live="polite">
      <p>
        {t('found', { n: answer.slots.length })}
        {cut ? t('foundMore') : ''}
      </p>
      {[...days].map(([day, slots]) => (
        <div key={day} className={styles.day}>
          <strong>
            {dateWords(day)} {weekdayWords((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7)}
          </strong>
          <div className={styles.slots}>
            {slots.map((slot) => (
              <Button
                key={slot.since}
                size="small"
                loading={taking === slot.since}
                title={[
                  slot.sitting.map((one) => names.get(one.person) ?? one.person).join('、'),
                  t('spare', { n: slot.spare }),
                ].join('；')}
                onClick={() => onTake(slot)}
              >
                {clockOf(Date.parse(slot.since))}{' '}
                <span className={styles.who}>
                  {slot.sitting.map((one) => names.get(one.person) ?? one.person).join('、')}
                </span>
              </Button>
            ))}
          </div>
        </div>
      ))}
    </section>
  )
}

function Why({ answer }: { answer: SlotsOut }) {
  const t = useWords()
  const { why } = answer
  if (!why) return null
  const names = new Map([
    ...answer.people.map((each) => [each.id, each.name] as const),
    ...answer.resources.map((each) => [each.id, each.name] as const),
  ])
  const what = (keys: readonly string[]) => keys.map(roleWords).join('、')
  const near = why.nearest ? Date.parse(why.nearest.since) : 0
  return (
    <Alert
      type="warning"
      showIcon
      title={`${t('whyNone')}：${pick(why.words)}`}
      description={
        <>
          {why.blocking.length > 0 ? <p>{t('blocking', { what: what(why.blocking) })}</p> : null}
          <ul className={styles.why}>
            {[...why.people, ...why.resources].map((each) => (
              <li key={each.key}>
                {names.get(each.key) ?? each.key}：
                {each.words ? pick(each.words) : t('starts', { n: each.starts })}
              </li>
            ))}
          </ul>
          {why.nearest ? (
            <p>
              {t('nearest', {
                time: `${dateWords(dayOf(near))} ${clockOf(near)}`,
                what: what(why.nearest.missing),
              })}
            </p>
          ) : null}
        </>
      }
    />
  )
}
