/**
 * A critical finding interrupts: a sound, and a dialog that must be answered with what was done.
 *
 * It can be put off only long enough to look at the case, never closed; it comes back while the
 * finding is not acknowledged.
 */
import { WarningFilled } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Space } from 'antd'
import { useEffect, useState } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { caseQuery, todoQuery, useAcknowledge } from '../requests/api'
import { Clock } from '../shared/Clock'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { CriticalNoticeOut, RequestOut } from '../shared/schema'
import { defineWords, pick } from '../shared/words'
import styles from './CriticalDialog.module.css'
import { chime } from './chime'

const { useWords } = defineWords('critical', {
  title: ['危急值，请立即确认', 'Critical finding: answer now'],
  raised: ['{{who}} 报告', 'Raised by {{who}}'],
  impression: [
    '诊断意见以报告为准，可先查看病例。',
    'The report holds the full opinion; look at the case first if needed.',
  ],
  action: ['已采取的措施', 'What was done'],
  actionHint: [
    '例如：已电话通知主管医师，患者转入抢救室',
    'For example: attending doctor called, patient moved to resuscitation',
  ],
  needAction: ['请写明已采取的措施', 'Say what was done'],
  confirm: ['确认收到', 'Acknowledge'],
  look: ['先看病例', 'Look at the case'],
})

export function CriticalDialog() {
  const { data: todo } = useQuery(todoQuery)
  const { pathname } = useLocation()
  const first = todo?.critical[0]
  const { data: item } = useQuery({ ...caseQuery(first?.id ?? ''), enabled: first !== undefined })
  const notice = item?.critical_notices.find((each) => each.acknowledged_at === null)
  // The case page carries its own acknowledgement, so the dialog leaves it in peace.
  const there = item !== undefined && pathname.startsWith(`/requests/${item.id}`)
  if (item === undefined || notice === undefined || there) return null
  return <MustAnswer key={notice.id} item={item} notice={notice} />
}

function MustAnswer({ item, notice }: { item: RequestOut; notice: CriticalNoticeOut }) {
  const t = useWords()
  const go = useNavigate()
  const [open, setOpen] = useState(true)
  useEffect(() => {
    if (open) return chime()
  }, [open])
  return (
    <Modal
      open={open}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={null}
      width={520}
      title={
        <span className={styles.title}>
          <WarningFilled aria-hidden /> {t('title')}
        </span>
      }
    >
      <div className={styles.facts}>
        <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
        <strong className={styles.finding}>{pick(notice.label)}</strong>
        <span className={styles.more}>
          {item.number} · {item.provider?.short_name} · {t('raised', { who: notice.raised_by })} ·{' '}
          <Clock due={notice.due_at} since={notice.raised_at} />
        </span>
        <span className={styles.more}>{t('impression')}</span>
      </div>
      <Acknowledgement
        item={item}
        notice={notice}
        beside={
          <Button
            onClick={() => {
              setOpen(false)
              void go(`/requests/${item.id}`)
            }}
          >
            {t('look')}
          </Button>
        }
      />
    </Modal>
  )
}

interface AnswerProps {
  item: RequestOut
  notice: CriticalNoticeOut
  beside?: React.ReactNode
}

/** The answer to a critical finding, also shown on the case page. */
export function Acknowledgement({ item, notice, beside }: AnswerProps) {
  const t = useWords()
  const acknowledge = useAcknowledge()
  return (
    <Form<{ action: string }>
      layout="vertical"
      requiredMark={false}
      onFinish={({ action }) => acknowledge.mutate({ id: item.id, notice: notice.id, action })}
    >
      <Form.Item
        name="action"
        label={t('action')}
        rules={[{ required: true, whitespace: true, message: t('needAction') }]}
      >
        <Input.TextArea
          autoFocus
          autoSize={{ minRows: 2, maxRows: 5 }}
          maxLength={1000}
          placeholder={t('actionHint')}
        />
      </Form.Item>
      {acknowledge.error ? (
        <Form.Item>
          <ProblemNotice error={acknowledge.error} />
        </Form.Item>
      ) : null}
      <Space>
        <Button type="primary" danger htmlType="submit" loading={acknowledge.isPending}>
          {t('confirm')}
        </Button>
        {beside}
      </Space>
    </Form>
  )
}
