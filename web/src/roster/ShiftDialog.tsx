/** Adding shifts, and changing one. */

import { useMutation } from '@tanstack/react-query'
import {
  Alert,
  Button,
  Checkbox,
  DatePicker,
  Form,
  InputNumber,
  Modal,
  Select,
  Space,
  TimePicker,
} from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AddIn, RosterOut, ShiftOut } from '../shared/schema'
import { pick } from '../shared/words'
import { addShifts, changeShift } from './api'
import { clockOf, dayOf, HOUR, type Span, spanOf, weekday } from './days'
import { kindOf } from './marks'
import { useTakeOff } from './PersonLine'
import styles from './ShiftDialog.module.css'
import { useSaid } from './said'
import { useWords, weekdayWords } from './words'

/** What was clicked: a day, a day of somebody, hours of somebody, or a shift that stands. */
export interface Asked {
  person?: string
  day?: string
  span?: Span
  shift?: ShiftOut
}

interface Filled {
  people: string[] | string
  kind: string
  services: string[]
  day: Dayjs
  begins: Dayjs
  ends: Dayjs
  repeat: boolean
  weekdays: number[]
  weeks: number
  calendar: boolean
}

interface Props {
  data: RosterOut
  asked: Asked
  onClose: () => void
}

const FORM = 'shift'

export function ShiftDialog({ data, asked, onClose }: Props) {
  const t = useWords()
  const said = useSaid()
  const takeOff = useTakeOff()
  const { shift } = asked
  const [form] = Form.useForm<Filled>()
  const save = useMutation({
    mutationFn: (given: Filled) =>
      shift ? changeShift(shift.id, one(given)) : addShifts(many(given)),
    onSuccess: (done) => {
      said(done, shift ? t('changed') : t('made', { n: done.made.length }))
      onClose()
    },
  })
  const remove = (id: string) => {
    takeOff(id)
    onClose()
  }
  return (
    <Modal
      open
      centered
      width={600}
      title={shift ? t('oneShift') : t('newShift')}
      onCancel={onClose}
      footer={
        <div className={styles.foot}>
          {shift ? (
            <Button danger onClick={() => remove(shift.id)}>
              {t('remove')}
            </Button>
          ) : null}
          <span className={styles.space} />
          <Button onClick={onClose}>{t('cancelDialog')}</Button>
          <Button type="primary" htmlType="submit" form={FORM} loading={save.isPending}>
            {t('save')}
          </Button>
        </div>
      }
    >
      <Form<Filled>
        id={FORM}
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={begun(data, asked)}
        onFinish={(given) => save.mutate({ ...form.getFieldsValue(true), ...given })}
      >
        <Who data={data} single={shift !== undefined} />
        <Duty data={data} />
        <When data={data} />
        {shift ? null : <Repeat />}
        <Unlicensed data={data} />
        {save.error ? <ProblemNotice error={save.error} kept="" /> : null}
      </Form>
    </Modal>
  )
}

function Who({ data, single }: { data: RosterOut; single: boolean }) {
  const t = useWords()
  return (
    <Form.Item
      name="people"
      label={t('person')}
      rules={[{ required: true, message: t('needPerson') }]}
    >
      <Select
        {...(single ? {} : { mode: 'multiple' as const, maxCount: 50 })}
        showSearch={{ optionFilterProp: 'label' }}
        options={data.people.map((each) => ({
          value: each.id,
          label: `${each.name}（${pick(each.title)}）`,
        }))}
      />
    </Form.Item>
  )
}

function Duty({ data }: { data: RosterOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const form = Form.useFormInstance<Filled>()
  const kind = kindOf(data, Form.useWatch('kind', form) ?? '')
  return (
    <div className={styles.pair}>
      <Form.Item name="kind" label={t('kind')}>
        <Select
          options={data.kinds.map((each) => ({ value: each.code, label: pick(each.label) }))}
        />
      </Form.Item>
      <Form.Item name="services" label={t('services')}>
        <Select
          mode="multiple"
          disabled={kind?.reads === false}
          placeholder={
            kind && kind.services.length > 0
              ? kind.services.map((code) => serviceLabel(catalogue, code)).join('、')
              : t('allServices')
          }
          options={catalogue?.services
            .filter((each) => each.live)
            .map((each) => ({ value: each.code, label: pick(each.label) }))}
        />
      </Form.Item>
    </div>
  )
}

function When({ data }: { data: RosterOut }) {
  const t = useWords()
  const form = Form.useFormInstance<Filled>()
  const begins = Form.useWatch('begins', form)
  const ends = Form.useWatch('ends', form)
  const choose = (from: string, to: string) =>
    form.setFieldsValue({ begins: clock(from), ends: clock(to) })
  return (
    <>
      <Form.Item label={t('hours')} className={styles.tight}>
        <Space wrap size={4}>
          {data.hours.map((each) => (
            <Button
              key={each.code}
              size="small"
              type={isAt(begins, each.begins) && isAt(ends, each.ends) ? 'primary' : 'default'}
              onClick={() => choose(each.begins, each.ends)}
            >
              {pick(each.label)} {each.begins}–{each.ends}
            </Button>
          ))}
        </Space>
      </Form.Item>
      <div className={styles.three}>
        <Form.Item name="day" label={t('day')} rules={[{ required: true }]}>
          <DatePicker allowClear={false} needConfirm={false} />
        </Form.Item>
        <Form.Item
          name="begins"
          label={t('begins')}
          rules={[{ required: true, message: t('needHours') }]}
        >
          <TimePicker format="HH:mm" minuteStep={5} allowClear={false} needConfirm={false} />
        </Form.Item>
        <Form.Item
          name="ends"
          label={t('ends')}
          rules={[{ required: true, message: t('needHours') }]}
          extra={begins && ends ? <Length begins={begins} ends={ends} /> : null}
        >
          <TimePicker format="HH:mm" minuteStep={5} allowClear={false} needConfirm={false} />
        </Form.Item>
      </div>
    </>
  )
}

function Length({ begins, ends }: { begins: Dayjs; ends: Dayjs }) {
  const t = useWords()
  const span = spanOf('2026-01-01', begins.format('HH:mm'), ends.format('HH:mm'))
  const n = Math.round(((span.until - span.since) / HOUR) * 10) / 10
  const over = dayOf(span.until - 1) !== dayOf(span.since)
  return over ? t('overnight', { end: ends.format('HH:mm'), n }) : t('long', { n })
}

function Repeat() {
  const t = useWords()
  const form = Form.useFormInstance<Filled>()
  const repeats = Form.useWatch('repeat', form)
  return (
    <>
      <Form.Item name="repeat" valuePropName="checked" className={styles.tight}>
        <Checkbox>{t('repeat')}</Checkbox>
      </Form.Item>
      {repeats ? (
        <div className={styles.repeat}>
          <Form.Item name="weekdays" label={t('weekdays')} rules={[{ required: true }]}>
            <Checkbox.Group
              options={[0, 1, 2, 3, 4, 5, 6].map((value) => ({
                value,
                label: weekdayWords(value),
              }))}
            />
          </Form.Item>
          <Form.Item name="weeks" label={t('weeks')} rules={[{ required: true }]}>
            <InputNumber min={1} max={26} precision={0} />
          </Form.Item>
          <Form.Item name="calendar" valuePropName="checked" className={styles.tight}>
            <Checkbox>{t('calendar')}</Checkbox>
          </Form.Item>
        </div>
      ) : null}
    </>
  )
}

/** Who may not read what the duty names covers nothing; better said before than found at night. */
function Unlicensed({ data }: { data: RosterOut }) {
  const t = useWords()
  const catalogue = useCatalogue()
  const form = Form.useFormInstance<Filled>()
  const people = [Form.useWatch('people', form) ?? []].flat()
  const named = Form.useWatch('services', form) ?? []
  const kind = kindOf(data, Form.useWatch('kind', form) ?? '')
  if (!kind?.reads) return null
  const wanted = named.length > 0 ? named : kind.services
  const faults = people.flatMap((id) => {
    const person = data.people.find((each) => each.id === id)
    const missing = wanted.filter((code) => person && !person.reads.includes(code))
    return missing.map((code) => ({ person: person?.name ?? '', code }))
  })
  return (
    <>
      {faults.map(({ person, code }) => (
        <Alert
          key={`${person}${code}`}
          className={styles.warning}
          type="warning"
          showIcon
          title={t('cannot', { person, service: serviceLabel(catalogue, code) })}
        />
      ))}
    </>
  )
}

// --- to the form and from it ------------------------------------------------------------------

function begun(data: RosterOut, asked: Asked): Filled {
  const { shift } = asked
  const span = shift
    ? { since: Date.parse(shift.since), until: Date.parse(shift.until) }
    : asked.span
  const usual = data.hours[0]
  const day = span ? dayOf(span.since) : (asked.day ?? dayOf(Date.parse(data.now)))
  return {
    people: shift ? shift.person_id : asked.person ? [asked.person] : [],
    kind: shift?.kind ?? data.kinds[0]?.code ?? '',
    services: shift?.services ?? [],
    day: dayjs(day),
    begins: clock(span ? clockOf(span.since) : (usual?.begins ?? '08:00')),
    ends: clock(span ? clockOf(span.until) : (usual?.ends ?? '18:00')),
    repeat: false,
    weekdays: [weekday(day)],
    weeks: 4,
    calendar: true,
  }
}

function clock(text: string): Dayjs {
  return dayjs(`2026-01-01T${text}:00`)
}

function isAt(at: Dayjs | undefined, text: string): boolean {
  return at?.format('HH:mm') === text
}

function duty(given: Filled) {
  return {
    kind: given.kind,
    services: given.services,
    day: given.day.format('YYYY-MM-DD'),
    begins: given.begins.format('HH:mm'),
    ends: given.ends.format('HH:mm'),
  }
}

function one(given: Filled) {
  return { ...duty(given), person_id: [given.people].flat()[0] ?? '' }
}

function many(given: Filled): AddIn {
  const pattern = given.repeat
    ? { weekdays: given.weekdays, weeks: given.weeks, calendar: given.calendar }
    : {}
  return { ...duty(given), people: [given.people].flat(), ...pattern }
}
