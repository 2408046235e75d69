/** One upload: how far, how long still, and each file's verdict in words. */
import { Alert, Button, Checkbox, Collapse, Progress, type ProgressProps, Space } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { spanWords } from '../shared/times'
import { pick } from '../shared/words'
import { DropArea } from './DropArea'
import { addFiles, dismissUpload, pauseUpload, resumeUpload, type UploadView } from './manager'
import { ends, type Item, isFaulty } from './queue'
import { sizeWords } from './sizes'
import styles from './UploadPanel.module.css'
import { useWords } from './words'

export function UploadPanel({ upload, inForm = false }: { upload: UploadView; inForm?: boolean }) {
  const t = useWords()
  const waiting = upload.items.some((item) => item.phase === 'waiting')
  return (
    <section className={styles.panel} aria-label={t('title')}>
      <div className={styles.head}>
        <Progress
          percent={upload.percent}
          status={progressStatus(upload)}
          aria-label={t('title')}
        />
        <Switches upload={upload} inForm={inForm} />
      </div>
      <Sum upload={upload} inForm={inForm} />
      {waiting ? <Alert type="warning" showIcon title={t('waitingLine')} /> : null}
      {upload.lost > 0 ? <Lost upload={upload} /> : null}
      <Files items={upload.items} faults={upload.faults} />
    </section>
  )
}

function progressStatus({ faults, lost, busy }: UploadView): ProgressProps['status'] {
  if (faults > 0) return 'exception'
  if (busy) return 'active'
  return lost > 0 ? 'normal' : 'success'
}

interface PartProps {
  upload: UploadView
  inForm: boolean
}

function Switches({ upload, inForm }: PartProps) {
  const t = useWords()
  const stuck = upload.items.some((item) => item.phase === 'waiting' || item.phase === 'refused')
  return (
    <Space>
      {upload.busy && !upload.paused ? (
        <Button size="small" onClick={() => pauseUpload(upload.id)}>
          {t('pause')}
        </Button>
      ) : null}
      {upload.paused || stuck ? (
        <Button size="small" type="primary" onClick={() => resumeUpload(upload.id)}>
          {upload.paused ? t('resume') : t('retry')}
        </Button>
      ) : null}
      {!upload.busy && (!inForm || upload.lost > 0) ? (
        <Button size="small" onClick={() => dismissUpload(upload.id)}>
          {t('dismiss')}
        </Button>
      ) : null}
    </Space>
  )
}

function Sum({ upload, inForm }: PartProps) {
  const t = useWords()
  const long = !upload.paused && upload.secondsLeft !== null && upload.secondsLeft > 10
  return (
    <p className={styles.sum}>
      {t('progress', {
        finished: upload.finished,
        files: upload.files,
        sent: sizeWords(upload.sent),
        bytes: sizeWords(upload.bytes),
      })}
      {upload.paused ? ` · ${t('paused')}` : ''}
      {endWords(upload.items, t)}
      {long ? ` · ${t('left', { span: spanWords((upload.secondsLeft ?? 0) * 1000) })}` : ''}
      {upload.requestId && !inForm ? (
        <Link to={`/requests/${upload.requestId}`} className={styles.link}>
          {t('forRequest')}
        </Link>
      ) : null}
    </p>
  )
}

/** 6 个已保存 · 1 个未接收: what became of the files so far; silent while there is only good news. */
function endWords(items: readonly Item[], t: ReturnType<typeof useWords>): string {
  const count = ends(items)
  if (count.known + count.skipped + count.bad === 0) return ''
  return (['kept', 'known', 'skippedN', 'bad'] as const)
    .map((word) => [word, count[word === 'skippedN' ? 'skipped' : word]] as const)
    .filter(([, n]) => n > 0)
    .map(([word, n]) => ` · ${t(word, { n })}`)
    .join('')
}

function Lost({ upload }: { upload: UploadView }) {
  const t = useWords()
  const names = upload.items.filter((item) => item.phase === 'lost').slice(0, 3)
  return (
    <Alert
      type="warning"
      showIcon
      title={t('lost', { n: upload.lost })}
      description={
        <>
          {names.length > 0 ? (
            <p>{t('lostNames', { names: names.map((item) => item.path).join('、') })}</p>
          ) : null}
          <DropArea slim onPicked={(picked) => addFiles(upload.id, picked)} />
        </>
      }
    />
  )
}

function Files({ items, faults }: { items: readonly Item[]; faults: number }) {
  const t = useWords()
  const [onlyFaults, setOnlyFaults] = useState(false)
  const shown = onlyFaults ? items.filter(isFaulty) : items
  return (
    <Collapse
      ghost
      size="small"
      defaultActiveKey={faults > 0 ? ['files'] : []}
      items={[
        {
          key: 'files',
          label: t('details'),
          extra:
            faults > 0 ? (
              <Checkbox
                checked={onlyFaults}
                onChange={(event) => setOnlyFaults(event.target.checked)}
              >
                {t('onlyFaults')}
              </Checkbox>
            ) : undefined,
          children: (
            <ul className={styles.files}>
              {shown.map((item) => (
                <FileLine key={item.key} item={item} />
              ))}
            </ul>
          ),
        },
      ]}
    />
  )
}

function FileLine({ item }: { item: Item }) {
  const t = useWords()
  return (
    <li className={`${styles.file} ${isFaulty(item) ? styles.faulty : ''}`}>
      <span className={styles.path} title={item.path}>
        {item.path}
      </span>
      <span className={styles.size}>
        {item.unpacked && item.size === 0 ? '' : sizeWords(item.size)}
      </span>
      <span className={styles.verdict}>{verdictWords(item, t)}</span>
    </li>
  )
}

function verdictWords(item: Item, t: ReturnType<typeof useWords>): string {
  if (item.words) return pick(item.words)
  if (item.phase === 'sending')
    return t('sending', {
      percent: item.size === 0 ? 0 : Math.floor((item.sent / item.size) * 100),
    })
  if (item.phase === 'lost') return t('lostFile')
  if (item.phase === 'done' && item.verdict && item.verdict !== 'uploading') return t(item.verdict)
  return item.phase === 'done' ? t('stored') : t(item.phase)
}
