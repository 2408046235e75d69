/** The lecturers of a course: from the own institution's register, or anybody by name. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Form, Input, Select } from 'antd'
import { institutionQuery } from '../network/api'
import { useMe } from '../session/session'
import page from '../shared/page.module.css'
import { pick } from '../shared/words'
import styles from './training.module.css'
import { useWords } from './words'

const MOST = 10

export function Lecturers() {
  const t = useWords()
  const me = useMe()
  const form = Form.useFormInstance()
  const own = useQuery({
    ...institutionQuery(me.institution?.id ?? ''),
    enabled: me.institution !== null,
  })
  const people = (own.data?.people ?? []).filter((one) => one.active)
  const given: { person_id?: string | null }[] = Form.useWatch('lecturers', form) ?? []
  const taken = new Set(given.map((one) => one?.person_id))
  return (
    <Form.List name="lecturers">
      {(fields, { add, remove }) => (
        <>
          <p className={styles.label}>{t('lecturers')}</p>
          {fields.length === 0 ? <p className={page.quiet}>{t('noLecturers')}</p> : null}
          {fields.map((field) => (
            <LecturerRow
              key={field.key}
              n={field.name}
              known={given[field.name]?.person_id != null}
              onRemove={() => remove(field.name)}
            />
          ))}
          {fields.length < MOST ? (
            <div className={styles.bar}>
              <Select
                className={styles.search}
                aria-label={t('addOwn')}
                placeholder={t('addOwn')}
                value={null}
                loading={own.isPending}
                showSearch={{ optionFilterProp: 'label' }}
                options={people
                  .filter((one) => !taken.has(one.id))
                  .map((one) => ({ value: one.id, label: `${one.name} ${pick(one.title)}` }))}
                onChange={(id: string | null) => {
                  const person = people.find((one) => one.id === id)
                  if (person) add({ person_id: id, name: person.name, title: pick(person.title) })
                }}
              />
              <Button icon={<PlusOutlined />} onClick={() => add({ name: '', title: '' })}>
                {t('addLecturer')}
              </Button>
            </div>
          ) : null}
        </>
      )}
    </Form.List>
  )
}

function LecturerRow({ n, known, onRemove }: { n: number; known: boolean; onRemove: () => void }) {
  const t = useWords()
  const parts = [
    ['name', 'lecturerName', [{ required: true, whitespace: true, message: t('need') }]],
    ['title', 'lecturerTitle', []],
  ] as const
  return (
    <div className={styles.group}>
      {parts.map(([name, label, rules]) => (
        <Form.Item key={name} name={[n, name]} rules={[...rules]} className={styles.cell}>
          <Input
            aria-label={t(label)}
            placeholder={t(label)}
            maxLength={60}
            readOnly={known}
            variant={known ? 'filled' : 'outlined'}
          />
        </Form.Item>
      ))}
      <Form.Item name={[n, 'person_id']} hidden>
        <Input />
      </Form.Item>
      <Button aria-label={t('remove')} icon={<DeleteOutlined />} onClick={onRemove} />
    </div>
  )
}
