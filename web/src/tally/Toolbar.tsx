/** What is asked: month, side, dimension; and what is done with the answer: columns, print, file. */
import {
  BookOutlined,
  DownloadOutlined,
  LeftOutlined,
  PrinterOutlined,
  RightOutlined,
} from '@ant-design/icons'
import { App, Button, Dropdown, Segmented, Select, Space } from 'antd'
import { type ReactNode, useState } from 'react'
import { useMay } from '../session/session'
import { problemWords } from '../shared/problem'
import { type Asked, type By, DIMENSIONS, download, SIDES, type Side } from './api'
import { monthAfter, monthWords } from './numbers'
import styles from './TallyPage.module.css'
import { useWords } from './words'

const YEARS_BACK = 3

interface Props {
  asked: Asked
  thisMonth: string
  onMove: (next: Partial<Asked>) => void
  onDefinitions: () => void
  /** The column chooser. */
  children: ReactNode
}

export function Toolbar({ asked, thisMonth, onMove, onDefinitions, children }: Props) {
  const t = useWords()
  return (
    <div className={styles.toolbar}>
      <MonthPicker month={asked.month} last={thisMonth} onChange={(month) => onMove({ month })} />
      <Segmented<Side>
        aria-label={t('side')}
        value={asked.side}
        options={SIDES.map((side) => ({ value: side, label: t(side) }))}
        onChange={(side) => onMove({ side })}
      />
      <Segmented<By>
        aria-label={t('by')}
        value={asked.by}
        options={DIMENSIONS.map((by) => ({ value: by, label: t(by) }))}
        onChange={(by) => onMove({ by })}
      />
      <div className={styles.acts}>
        {children}
        <Button icon={<BookOutlined aria-hidden />} onClick={onDefinitions}>
          {t('definitions')}
        </Button>
        <Button
          icon={<PrinterOutlined aria-hidden />}
          className={styles.wideOnly}
          onClick={() => window.print()}
        >
          {t('print')}
        </Button>
        <ExportMenu asked={asked} />
      </div>
    </div>
  )
}

function MonthPicker(props: { month: string; last: string; onChange: (month: string) => void }) {
  const t = useWords()
  const { month, last, onChange } = props
  const months = Array.from({ length: YEARS_BACK * 12 + 1 }, (_, back) => monthAfter(last, -back))
  return (
    <Space.Compact>
      <Button
        icon={<LeftOutlined aria-hidden />}
        aria-label={t('before')}
        title={t('before')}
        onClick={() => onChange(monthAfter(month, -1))}
      />
      <Select
        aria-label={t('month')}
        className={styles.monthSelect}
        value={month}
        options={months.map((each) => ({ value: each, label: monthWords(each) }))}
        onChange={onChange}
      />
      <Button
        icon={<RightOutlined aria-hidden />}
        aria-label={t('after')}
        title={t('after')}
        disabled={month >= last}
        onClick={() => onChange(monthAfter(month, 1))}
      />
    </Space.Compact>
  )
}

function ExportMenu({ asked }: { asked: Asked }) {
  const t = useWords()
  const may = useMay('export-tally')
  const { message } = App.useApp()
  const [busy, setBusy] = useState(false)
  if (!may) return null
  const save = async (format: 'xlsx' | 'csv') => {
    setBusy(true)
    try {
      await download(asked, format)
    } catch (error) {
      void message.error(t('exportFailed', { why: problemWords(error).what }))
    } finally {
      setBusy(false)
    }
  }
  const items = [
    { key: 'xlsx', label: t('exportXlsx'), onClick: () => void save('xlsx') },
    { key: 'csv', label: t('exportCsv'), onClick: () => void save('csv') },
  ]
  return (
    <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight">
      <Button type="primary" icon={<DownloadOutlined aria-hidden />} loading={busy}>
        {t('export')}
      </Button>
    </Dropdown>
  )
}
