/** The roster as a file, out and in. */
import { DownloadOutlined, MoreOutlined, UploadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Dropdown } from 'antd'
import { useRef } from 'react'
import { problemWords } from '../shared/problem'
import { importTable } from './api'
import styles from './RosterPage.module.css'
import { useSaid } from './said'
import { useWords } from './words'

const MOST_BYTES = 400_000

export function FileMenu({ monday, writes }: { monday: string; writes: boolean }) {
  const t = useWords()
  const { message } = App.useApp()
  const said = useSaid()
  const file = useRef<HTMLInputElement>(null)
  const bring = useMutation({
    mutationFn: async (chosen: File) => importTable(await textOf(chosen)),
    onSuccess: (done) =>
      said(done, done.made.length === 0 ? t('importedNone') : t('made', { n: done.made.length })),
    onError: (error) => void message.error(problemWords(error).what, 8),
  })
  const items = [
    {
      key: 'export',
      icon: <DownloadOutlined />,
      label: (
        <a href={`/api/roster/export?week=${monday}`} download>
          {t('export')}
        </a>
      ),
    },
    ...(writes
      ? [
          {
            key: 'import',
            icon: <UploadOutlined />,
            label: t('import'),
            onClick: () => file.current?.click(),
          },
        ]
      : []),
  ]
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']}>
        <Button aria-label={t('more')} icon={<MoreOutlined />} loading={bring.isPending} />
      </Dropdown>
      <input
        ref={file}
        type="file"
        accept=".csv,text/csv"
        aria-label={t('import')}
        className={styles.file}
        tabIndex={-1}
        onChange={(event) => {
          const chosen = event.target.files?.[0]
          event.target.value = ''
          if (chosen) bring.mutate(chosen)
        }}
      />
    </>
  )
}

/** Spreadsheets on a Chinese desktop save GB18030 and say so nowhere. */
async function textOf(file: File): Promise<string> {
  const bytes = await file.slice(0, MOST_BYTES).arrayBuffer()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('gb18030').decode(bytes)
  }
}
