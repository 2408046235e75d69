/** Says whether the words are safe: saved when, being saved, or waiting for the line. */
import { CheckOutlined, CloudSyncOutlined, ExclamationCircleFilled } from '@ant-design/icons'
import type { SaveView } from './autosave'
import styles from './SaveSign.module.css'
import { hourWords } from './times'
import { defineWords } from './words'

const { useWords } = defineWords('saveSign', {
  clean: ['已保存 {{at}}', 'Saved {{at}}'],
  fresh: ['自动保存', 'Saves itself'],
  saving: ['保存中…', 'Saving…'],
  retrying: ['暂未保存，正在重试；内容仍在本页', 'Not saved yet, retrying; your text is here'],
  stopped: ['未能保存；内容仍在本页', 'Could not save; your text is here'],
})

export function SaveSign({ view }: { view: SaveView }) {
  const t = useWords()
  const bad = view.state === 'retrying' || view.state === 'stopped'
  const saving = view.state === 'dirty' || view.state === 'saving'
  const Icon = bad ? ExclamationCircleFilled : saving ? CloudSyncOutlined : CheckOutlined
  const words = bad
    ? t(view.state === 'stopped' ? 'stopped' : 'retrying')
    : saving
      ? t('saving')
      : view.savedAt === null
        ? t('fresh')
        : t('clean', { at: hourWords(view.savedAt) })
  return (
    <span className={`${styles.sign} ${bad ? styles.bad : ''}`} role="status">
      <Icon aria-hidden /> {words}
    </span>
  )
}
