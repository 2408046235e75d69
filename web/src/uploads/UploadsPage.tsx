/** Everything this tab is sending, and what it has sent. */
import { Empty } from '../shared/Empty'
import page from '../shared/page.module.css'
import { DropArea } from './DropArea'
import { useUploads } from './manager'
import { UploadPanel } from './UploadPanel'
import { useBegin } from './useBegin'
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
