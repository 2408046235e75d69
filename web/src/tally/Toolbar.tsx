/** What is asked: month, side, dimension; and what is done with the answer: columns, print, file. */
import {
  AccountBookOutlined,
  BookOutlined,
  DownloadOutlined,
  PrinterOutlined,
} from '@ant-design/icons'
import { App, Button, Dropdown, Segmented, Select } from 'antd'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { useMay, useMe } from '../session/session'
import { problemWords } from '../shared/problem'
import { useUrgencyWords } from '../shared/tags'
import {
  type Asked,
  type By,
  DIMENSIONS,
  download,
  type Format,
  SIDES,
  type Side,
  URGENCIES,
  type Urgency,
} from './api'
import { MonthPicker } from './MonthPicker'
import styles from './TallyPage.module.css'
import type { BoardAsked } from './useAsked'
import { useWords } from './words'

interface Props {
  asked: Asked
  view: BoardAsked['view']
  firstMonth: string | null
  thisMonth: string
  onMove: (next: Partial<Asked & BoardAsked>) => void
  onDefinitions: () => void
  /** The column chooser. */
  children: ReactNode
}

export function Toolbar(props: Props) {
  const { asked, view, firstMonth, thisMonth, onMove, onDefinitions, children } = props
  const t = useWords()
  const me = useMe()
  return (
    <div className={styles.toolbar}>
      <MonthPicker
        month={asked.month}
        first={firstMonth}
        last={thisMonth}
        onChange={(month) => onMove({ month })}
      />
      {me.region === null ? null : (
        <Segmented
          aria-label={t('view')}
          value={view}
          options={(['table', 'board'] as const).map((value) => ({
            value,
            label: t(value === 'table' ? 'viewTable' : 'viewBoard'),
          }))}
          onChange={(next) => onMove({ view: next })}
        />
      )}
      <Segmented<Side>
        aria-label={t('side')}
        value={asked.side}
        options={SIDES.map((side) => ({ value: side, label: t(side) }))}
        onChange={(side) => onMove({ side })}
      />
      {view === 'board' ? null : (
        <Segmented<By>
          aria-label={t('by')}
          value={asked.by}
          options={DIMENSIONS.map((by) => ({ value: by, label: t(by) }))}
          onChange={(by) => onMove({ by })}
        />
      )}
      {view === 'board' ? null : <UrgencyChoice asked={asked} onMove={onMove} />}
      <div className={styles.acts}>
        {view === 'board' ? null : children}
        <Button icon={<BookOutlined aria-hidden />} onClick={onDefinitions}>
          {t('definitions')}
        </Button>
        {view === 'board' ? null : (
          <Button
            icon={<PrinterOutlined aria-hidden />}
            className={styles.wideOnly}
            onClick={() => window.print()}
          >
            {t('print')}
          </Button>
        )}
        {me.permissions.includes('settle-charges') ? (
          <Link to={`/settlement?month=${asked.month}`}>
            <Button icon={<AccountBookOutlined aria-hidden />} tabIndex={-1}>
              {t('settlement')}
            </Button>
          </Link>
        ) : null}
        <ExportMenu asked={asked} />
      </div>
    </div>
  )
}

/** One urgency of the month, or all of them. */
function UrgencyChoice({ asked, onMove }: Pick<Props, 'asked' | 'onMove'>) {
  const t = useWords()
  const words = useUrgencyWords()
  return (
    <Select<Urgency | ''>
      aria-label={t('urgency')}
      className={styles.urgency}
      popupMatchSelectWidth={false}
      value={asked.urgency ?? ''}
      options={[
        { value: '', label: t('urgencyAll') },
        ...URGENCIES.map((urgency) => ({
          value: urgency,
          label: t('urgencyOnly', { name: words(urgency) }),
        })),
      ]}
      onChange={(urgency) => onMove({ urgency: urgency === '' ? null : urgency })}
    />
  )
}

function ExportMenu({ asked }: { asked: Asked }) {
  const t = useWords()
  const may = useMay('export-tally')
  const { message } = App.useApp()
  const [busy, setBusy] = useState(false)
  if (!may) return null
  const save = async (format: Format) => {
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
    { key: 'entries', label: t('exportEntries'), onClick: () => void save('entries') },
    { key: 'cases', label: t('exportCases'), onClick: () => void save('cases') },
  ]
  return (
    <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight">
      <Button type="primary" icon={<DownloadOutlined aria-hidden />} loading={busy}>
        {t('export')}
      </Button>
    </Dropdown>
  )
}
