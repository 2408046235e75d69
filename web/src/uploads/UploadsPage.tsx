/** Everything this tab is sending, and what it has sent. */
import { App } from 'antd'
import { Empty } from '../shared/Empty'
import page from '../shared/page.module.css'
import { problemWords } from '../shared/problem'
import { DropArea } from './DropArea'
import { beginUpload, useUploads } from './manager'
import type { Picked } from './pick'
import { UploadPanel } from './UploadPanel'
import { useWords } from './words'

export function UploadsPage() {
  const t = useWords()
  const { uploads } = useUploads()
  const begin = useBegin()
  return (
    <main className={page.page}>
      <h1 className={page.title}>{t('title')}</h1>
      <DropArea slim={uploads.length > 0} onPicked={begin} />
      {uploads.length === 0 ? <Empty title={t('emptyTitle')} teach={t('emptyTeach')} /> : null}
      {uploads.map((upload) => (
        <div key={upload.id} className={page.card}>
          <UploadPanel upload={upload} />
        </div>
      ))}
    </main>
  )
}

/** Begins an upload that belongs to no request, and says so when it could not. */
export function useBegin(): (picked: Picked[]) => void {
  const { message } = App.useApp()
  return (picked) => {
    beginUpload(null, picked).catch(
      (error: unknown) => void message.error(problemWords(error).what),
    )
  }
}
