/** The form of a course: all that its reviewer will see, its quiz among it. */
import { PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Checkbox, Form, Input, InputNumber, Radio, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { institutionQuery, institutionsQuery } from '../network/api'
import { SCOPE_CODES, scopeWords } from '../network/codes'
import { useMe } from '../session/session'
import { ProblemNotice } from '../shared/ProblemNotice'
import page from '../shared/page.module.css'
import type { CourseIn, CourseWhole, QuestionIn } from '../shared/schema'
import { useSettled } from '../shared/useSettled'
import { courseQuery, draft, edit, keyQuery } from './api'
import { Lecturers } from './Lecturers'
import { emptyQuestion, flawOf, QuizFields } from './QuizFields'
import styles from './training.module.css'
import { useWords } from './words'

interface Given extends Omit<CourseIn, 'offers' | 'credit_tenths' | 'quiz'> {
  alliances: string[]
  institutions: string[]
  credits: number
}

export function NewCourse() {
  return <CourseFields />
}

export function EditCourse() {
  const { id = '' } = useParams()
  const course = useQuery({ ...courseQuery(id), staleTime: 0 })
  const known = useQuery(keyQuery(id))
  const error = course.error ?? known.error
  if (error)
    return (
      <main className={page.page}>
        <ProblemNotice error={error} />
      </main>
    )
  if (course.data === undefined || known.data === undefined)
    return (
      <main className={page.page}>
        <Skeleton active paragraph={{ rows: 10 }} />
      </main>
    )
  return <CourseFields key={id} course={course.data} questions={known.data.questions} />
}

interface Props {
  course?: CourseWhole
  questions?: QuestionIn[]
}

function CourseFields({ course, questions = [] }: Props) {
  const t = useWords()
  const go = useNavigate()
  const { message } = App.useApp()
  const [form] = Form.useForm<Given>()
  const [quiz, setQuiz] = useState<QuestionIn[]>(questions)
  const [checked, setChecked] = useState(false)
  const flawed = quiz.findIndex((one) => flawOf(one) !== null)
  const save = useMutation({
    mutationFn: async (given: Given) => {
      const sent = toSent(given, quiz)
      if (course === undefined) return (await draft(sent)).id
      await edit(course.id, { ...sent, version: course.version })
      return course.id
    },
    onSuccess: (id) => {
      void message.success(t('saved'))
      void go(`/training/courses/${id}`)
    },
  })
  return (
    <main className={`${page.page} ${page.narrow}`}>
      <h1 className={page.title}>{course ? t('edit') : t('newCourse')}</h1>
      <Form<Given>
        form={form}
        layout="vertical"
        requiredMark={false}
        scrollToFirstError
        initialValues={initial(course)}
        onFinishFailed={() => setChecked(true)}
        onFinish={(given) => {
          setChecked(true)
          if (flawed < 0) save.mutate(given)
          else document.getElementById(`question-${flawed}`)?.scrollIntoView({ block: 'center' })
        }}
      >
        <div className={styles.stack}>
          <section className={page.card}>
            <Form.Item
              name="title"
              label={t('courseTitle')}
              rules={[{ required: true, whitespace: true, message: t('need') }]}
            >
              <Input maxLength={100} />
            </Form.Item>
            <Form.Item name="kind" label={t('kind')}>
              <Radio.Group
                optionType="button"
                options={[
                  { value: 'live', label: t('live') },
                  { value: 'on-demand', label: t('demand') },
                  { value: 'practical', label: t('practical') },
                ]}
              />
            </Form.Item>
            <Form.Item name="specialty" label={t('specialty')}>
              <Select
                allowClear
                showSearch={{ optionFilterProp: 'label' }}
                options={SCOPE_CODES.map((value) => ({ value, label: scopeWords(value) }))}
              />
            </Form.Item>
            <Form.Item name="target_group" label={t('forWhom')}>
              <Input maxLength={200} />
            </Form.Item>
            <Form.Item name="summary" label={t('summary')}>
              <Input.TextArea autoSize={{ minRows: 3, maxRows: 12 }} maxLength={4000} />
            </Form.Item>
            <Lecturers />
          </section>
          <section className={page.card}>
            <Offers course={course} />
          </section>
          <section className={page.card}>
            <CreditFields />
          </section>
          <section className={page.card}>
            <header className={page.head}>
              <h2 className={page.subtitle}>{t('quiz')}</h2>
              <Button icon={<PlusOutlined />} onClick={() => setQuiz([...quiz, emptyQuestion()])}>
                {t('addQuestion')}
              </Button>
            </header>
            {quiz.length === 0 ? <p className={page.quiet}>{t('noQuestions')}</p> : null}
            <QuizFields questions={quiz} onChange={setQuiz} checked={checked} />
          </section>
          {save.error ? <ProblemNotice error={save.error} /> : null}
          <div className={styles.bar}>
            <Button type="primary" htmlType="submit" loading={save.isPending}>
              {t('save')}
            </Button>
            <Button onClick={() => void go(-1)}>{t('close')}</Button>
          </div>
        </div>
      </Form>
    </main>
  )
}

function Offers({ course }: { course: CourseWhole | undefined }) {
  const t = useWords()
  const me = useMe()
  const own = useQuery({
    ...institutionQuery(me.institution?.id ?? ''),
    enabled: me.institution !== null,
  })
  const [words, setWords] = useState('')
  const asked = useSettled(words, 250)
  const found = useQuery(institutionsQuery({ q: asked } as never, 0, 20))
  const named = (course?.offers ?? []).filter((one) => one.kind === 'institution')
  const options = new Map(named.map((one) => [one.id, one.name]))
  for (const one of found.data?.items ?? []) options.set(one.id, one.name)
  return (
    <>
      <Form.Item name="alliances" label={t('alliances')}>
        <Checkbox.Group
          className={styles.choices}
          options={(own.data?.memberships ?? []).map((one) => ({
            value: one.alliance_id,
            label: one.alliance_name,
          }))}
        />
      </Form.Item>
      <Form.Item name="institutions" label={t('institutions')}>
        <Select
          mode="multiple"
          filterOption={false}
          onSearch={setWords}
          options={[...options].map(([value, label]) => ({ value, label }))}
        />
      </Form.Item>
    </>
  )
}

function CreditFields() {
  const t = useWords()
  return (
    <div className={styles.fields}>
      <Form.Item name="credits" label={t('creditNumber')}>
        <InputNumber min={0} max={50} step={0.5} precision={1} className={styles.wide} />
      </Form.Item>
      <Form.Item name="credit_class" label={t('creditClass')}>
        <Select
          options={[
            { value: '', label: t('none') },
            { value: 'I', label: t('classI') },
            { value: 'II', label: t('classII') },
          ]}
        />
      </Form.Item>
      <Form.Item name="required_percent" label={t('percent')}>
        <InputNumber min={1} max={100} className={styles.wide} />
      </Form.Item>
      <Form.Item name="pass_mark" label={t('passMark')}>
        <InputNumber min={1} max={100} className={styles.wide} />
      </Form.Item>
      <Form.Item name="most_sittings" label={t('sittings')}>
        <InputNumber min={1} max={10} className={styles.wide} />
      </Form.Item>
    </div>
  )
}

function initial(course: CourseWhole | undefined): Partial<Given> {
  if (course === undefined)
    return {
      kind: 'live',
      title: '',
      target_group: '',
      summary: '',
      lecturers: [],
      alliances: [],
      institutions: [],
      credits: 0,
      credit_class: '',
      required_percent: 80,
      pass_mark: 60,
      most_sittings: 3,
    }
  const of = (kind: string) => course.offers.filter((one) => one.kind === kind).map((one) => one.id)
  return {
    ...course,
    specialty: course.specialty || undefined,
    credit_class: course.credit_class as Given['credit_class'],
    credits: course.credit_tenths / 10,
    alliances: of('alliance'),
    institutions: of('institution'),
  }
}

function toSent(given: Given, quiz: QuestionIn[]): CourseIn {
  const { alliances, institutions, credits, ...rest } = given
  return {
    kind: rest.kind,
    title: rest.title,
    specialty: rest.specialty ?? '',
    target_group: rest.target_group ?? '',
    summary: rest.summary ?? '',
    lecturers: (rest.lecturers ?? []).map((one) => ({
      person_id: one.person_id ?? null,
      name: one.name ?? '',
      title: one.title ?? '',
    })),
    offers: [
      ...(alliances ?? []).map((id) => ({ kind: 'alliance' as const, id })),
      ...(institutions ?? []).map((id) => ({ kind: 'institution' as const, id })),
    ],
    credit_tenths: Math.round((credits ?? 0) * 10),
    credit_class: rest.credit_class ?? '',
    required_percent: rest.required_percent ?? 80,
    quiz,
    pass_mark: rest.pass_mark ?? 60,
    most_sittings: rest.most_sittings ?? 3,
  }
}
