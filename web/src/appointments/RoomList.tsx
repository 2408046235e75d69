/** The own rooms and devices: what there is, one more, and what is out of use. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Form, Input, InputNumber, Select, Switch } from 'antd'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { ResourceIn, ResourceOut } from '../shared/schema'
import styles from './KeepDrawer.module.css'
import { addResource, changeResource, resourcesQuery } from './keeping'
import { useWords } from './words'

export function RoomList() {
  const t = useWords()
  const { message } = App.useApp()
  const [form] = Form.useForm<ResourceIn>()
  const { data, error, refetch } = useQuery(resourcesQuery)
  const add = useMutation({
    mutationFn: addResource,
    onSuccess: () => {
      void message.success(t('done'))
      form.resetFields()
    },
  })
  const turn = useMutation({
    mutationFn: ({ kind, name, place, capacity, active, ...row }: ResourceOut) =>
      changeResource(row.id, row.version, { kind, name, place, capacity, active: !active }),
  })
  return (
    <>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      <ul className={styles.list}>
        {data?.resources.map((row) => (
          <li key={row.id} className={styles.row}>
            <span>
              {t(row.kind)} {row.place} {row.name} {t('holds', { n: row.capacity })}
            </span>
            <Switch
              aria-label={t('inUse', { name: row.name })}
              checked={row.active}
              loading={turn.isPending && turn.variables?.id === row.id}
              onChange={() => turn.mutate(row)}
            />
          </li>
        ))}
      </ul>
      {turn.error ? <ProblemNotice error={turn.error} /> : null}
      <Form<ResourceIn>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: 'room', place: '', capacity: 1, active: true }}
        onFinish={() => add.mutate(form.getFieldsValue(true))}
      >
        <h3 className={styles.part}>{t('newRoom')}</h3>
        <Form.Item name="kind" label={t('kind')}>
          <Select
            options={(['room', 'device'] as const).map((value) => ({ value, label: t(value) }))}
          />
        </Form.Item>
        <Form.Item
          name="name"
          label={t('name')}
          rules={[{ required: true, message: t('needName') }]}
        >
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="place" label={t('place')}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="capacity" label={t('capacity')}>
          <InputNumber min={1} max={1000} precision={0} />
        </Form.Item>
        <Button htmlType="submit" loading={add.isPending}>
          {t('enter')}
        </Button>
      </Form>
      {add.error ? <ProblemNotice error={add.error} /> : null}
    </>
  )
}
