/** Where files are given: dropped, or picked as a folder, as files or as a ZIP. */
import { CloudUploadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { type DragEvent, useRef, useState } from 'react'
import styles from './DropArea.module.css'
import { fromDrop, fromInput, type Picked } from './pick'
import { useWords } from './words'

interface Props {
  onPicked: (picked: Picked[]) => void
  /** A thin strip instead of a large area, once there is something to see. */
  slim?: boolean
  hint?: string
}

export function DropArea({ onPicked, slim = false, hint }: Props) {
  const t = useWords()
  const [over, setOver] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    void fromDrop(event.dataTransfer).then((picked) => picked.length > 0 && onPicked(picked))
  }
  const taken = (input: HTMLInputElement) => {
    if (input.files && input.files.length > 0) onPicked(fromInput(input.files))
    // The same folder may be given again after a fault.
    input.value = ''
  }
  return (
    <section
      aria-label={t('drop')}
      className={`${styles.area} ${slim ? styles.slim : ''} ${over ? styles.over : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <CloudUploadOutlined className={styles.icon} aria-hidden />
      <div className={styles.words}>
        <span className={styles.title}>{over ? t('letGo') : t('drop')}</span>
        {slim ? null : <span className={styles.hint}>{hint ?? t('dropHint')}</span>}
      </div>
      <div className={styles.buttons}>
        <Button size={slim ? 'small' : 'middle'} onClick={() => folder.current?.click()}>
          {t('pickFolder')}
        </Button>
        <Button size={slim ? 'small' : 'middle'} onClick={() => files.current?.click()}>
          {t('pickFiles')}
        </Button>
      </div>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-testid="pick-files"
        aria-label={t('pickFiles')}
        onChange={(event) => taken(event.currentTarget)}
      />
      <input
        ref={(node) => {
          folder.current = node
          // React knows no such attribute; browsers do.
          node?.setAttribute('webkitdirectory', '')
        }}
        type="file"
        hidden
        data-testid="pick-folder"
        aria-label={t('pickFolder')}
        onChange={(event) => taken(event.currentTarget)}
      />
    </section>
  )
}
