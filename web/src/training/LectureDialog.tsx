/** When and where a lecture is, for how many, and how its code works. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { DatePicker, Form, Input, InputNumber, Modal, Select, Switch } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { appointmentsQuery } from '../appointments/api'
import { momentOf, onPicker } from '../appointments/moments'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import { clockOf, midnight } from '../roster/days'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { AppointmentOut, CourseOut, LectureIn, LectureOut } from '../shared/schema'
import { editLecture, plan } from './api'
import styles from './training.module.css'
import { useWords } from './words'

interface Props {
  course: CourseOut
  lecture?: LectureOut
  onClose: () => void
}

interface Given {
  title: string
  since: Dayjs
  until: Dayjs
  minutes: number
  place: string
  join_address: string
  appointment_id: string | null
  quota: number | null
  most_waiting: number
  on_the_spot: boolean
  code_seconds: number
  code_before: number
  code_after: number
}

export function LectureDialog({ course, lecture, onClose }: Props) {
  const t = useWords()
  const [form] = Form.useForm<Given>()
  const demand = course.kind === 'on-demand'
  const save = useMutation({
    mutationFn: async (given: Given) => {
      const sent = { ...initial(lecture, demand), ...given }
      const wanted: LectureIn = {
        ...sent,
        since: momentOf(sent.since),
        until: momentOf(sent.until),
        quota: sent.quota ?? null,
        appointment_id: sent.appointment_id ?? null,
      }
      if (lecture) await editLecture(lecture.id, { ...wanted, version: lecture.version })
      else await plan(course.id, wanted)
    },
    onSuccess: onClose,
  })
  const times = {
    showTime: { format: 'HH:mm', minuteStep: 5 as const },
    format: 'YYYY-MM-DD HH:mm',
  }
  return (
    <Modal
      open
      width={640}
      title={lecture ? t('edit') : t('plan')}
      okText={t('save')}
      cancelText={t('close')}
      okButtonProps={{ loading: save.isPending }}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Given>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={initial(lecture, demand)}
        onFinish={(given) => save.mutate(given)}
      >
        <div className={styles.fields}>
          <Form.Item name="since" label={t('start')} rules={[{ required: true }]}>
            <DatePicker
              {...times}
              className={styles.wide}
              allowClear={false}
              needConfirm={false}
              onChange={(at) => {
                if (at && !demand)
                  form.setFieldValue('until', at.add(form.getFieldValue('minutes'), 'minute'))
              }}
            />
          </Form.Item>
          <Form.Item name="until" label={t('end')} rules={[{ required: true }]}>
            <DatePicker {...times} className={styles.wide} allowClear={false} needConfirm={false} />
          </Form.Item>
          <Form.Item name="minutes" label={t('length')} rules={[{ required: true }]}>
            <InputNumber min={5} max={1440} className={styles.wide} />
          </Form.Item>
          <Form.Item name="quota" label={t('quota')}>
            <InputNumber min={1} max={20000} className={styles.wide} />
          </Form.Item>
          <Form.Item name="most_waiting" label={t('mostWaiting')}>
            <InputNumber min={0} max={5000} className={styles.wide} />
          </Form.Item>
          <Form.Item name="title" label={t('lectureTitle')}>
            <Input maxLength={100} />
          </Form.Item>
        </div>
        {demand ? null : (
          <>
            <Form.Item name="place" label={t('place')}>
              <Input maxLength={200} />
            </Form.Item>
            <Form.Item name="join_address" label={t('joinAddress')} extra={t('joinHelp')}>
              <Input maxLength={300} placeholder="https://" />
            </Form.Item>
            <Appointed own={course.offerer_id} />
            <div className={styles.fields}>
              <Form.Item name="code_before" label={t('codeBefore')}>
                <InputNumber min={0} max={240} className={styles.wide} />
              </Form.Item>
              <Form.Item name="code_after" label={t('codeAfter')}>
                <InputNumber min={1} max={720} className={styles.wide} />
              </Form.Item>
              <Form.Item name="code_seconds" label={t('codeSeconds')}>
                <InputNumber min={0} max={3600} className={styles.wide} />
              </Form.Item>
              <Form.Item name="on_the_spot" label={t('allowSpot')} valuePropName="checked">
                <Switch />
              </Form.Item>
            </div>
          </>
        )}
      </Form>
      {save.error ? <ProblemNotice error={save.error} /> : null}
    </Modal>
  )
}

/** The video room of an appointment of that day, for a small group. */
function Appointed({ own }: { own: string }) {
  const t = useWords()
  const form = Form.useFormInstance<Given>()
  const since = Form.useWatch('since', form)
  const chosen = Form.useWatch('appointment_id', form)
  const catalogue = useCatalogue()
  const from = since ? midnight(since.format('YYYY-MM-DD')) : 0
  const { data, error, isPending } = useQuery({
    ...appointmentsQuery({
      since: new Date(from).toISOString(),
      until: new Date(from + DAY).toISOString(),
    }),
    enabled: from > 0,
  })
  const found = (data?.appointments ?? []).filter(
    (one) => one.id === chosen || (BOOKED.has(one.state) && sides(one).includes(own)),
  )
  return (
    <Form.Item name="appointment_id" label={t('room')} extra={t('roomHelp')}>
      <Select
        allowClear
        loading={isPending}
        status={error ? 'error' : ''}
        notFoundContent={error ? <ProblemNotice error={error} /> : t('noRoom')}
        options={[
          ...found.map((one) => ({
            value: one.id,
            label: `${clockOf(Date.parse(one.since))}–${clockOf(Date.parse(one.until))} ${serviceLabel(catalogue, one.service)} · ${one.requester_name} → ${one.provider_name} · ${one.number}`,
          })),
          ...(chosen && !found.some((one) => one.id === chosen)
            ? [{ value: chosen, label: t('roomOtherDay') }]
            : []),
        ]}
      />
    </Form.Item>
  )
}

const DAY = 86_400_000
const BOOKED = new Set(['proposed', 'confirmed', 'under way'])
const sides = (one: AppointmentOut) => [one.requester_id, one.provider_id]

function initial(lecture: LectureOut | undefined, demand: boolean): Given {
  if (lecture)
    return {
      ...lecture,
      since: onPicker(Date.parse(lecture.since)),
      until: onPicker(Date.parse(lecture.until)),
    }
  const since = onPicker(serverNow()).add(1, 'day').hour(15).minute(0)
  return {
    title: '',
    since: demand ? dayjs(onPicker(serverNow())) : since,
    until: demand ? onPicker(serverNow()).add(90, 'day') : since.add(90, 'minute'),
    minutes: demand ? 45 : 90,
    place: '',
    join_address: '',
    appointment_id: null,
    quota: null,
    most_waiting: 50,
    on_the_spot: true,
    code_seconds: 30,
    code_before: 30,
    code_after: 60,
  }
}
