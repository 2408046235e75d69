/**
 * The readers' side: load, presence, and for what is chosen in the queue who may take it.
 *
 * Arrows go from one reader's button to the next, Enter assigns, Esc goes back to the queue.
 */
import { MoreOutlined, PushpinFilled } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import type { KeyboardEvent, RefObject } from 'react'
import { OnlineDot } from '../live/OnlineDot'
import { Empty } from '../shared/Empty'
import { LightSign } from './LightSign'
import type { Line } from './lines'
import styles from './ReadersPanel.module.css'
import { useWords } from './words'

interface Props {
  lines: readonly Line[]
  /** The reader whose cases alone are shown. */
  only: string
  place: RefObject<HTMLUListElement | null>
  label: string
  onAssign: (line: Line) => void
  onOnly: (person: string) => void
  onCover: (line: Line) => void
  onLeave: () => void
}

export function ReadersPanel(props: Props) {
  const { lines, only, place, label, onAssign, onOnly, onCover, onLeave } = props
  const t = useWords()
  const most = Math.max(1, ...lines.map((line) => line.in_hand))
  const key = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by) step(event.currentTarget, by)
    else if (event.key === 'Escape') onLeave()
    else return
    // The page's own arrows belong to the queue.
    event.preventDefault()
  }
  if (lines.length === 0) return <Empty small title={t('noReaders')} teach={t('noReadersTeach')} />
  return (
    <ul ref={place} aria-label={label} className={styles.list} onKeyDown={key}>
      {lines.map((line) => (
        <Reader
          key={line.person_id}
          line={line}
          most={most}
          only={only === line.person_id}
          onAssign={() => onAssign(line)}
          onOnly={() => onOnly(only === line.person_id ? '' : line.person_id)}
          onCover={() => onCover(line)}
        />
      ))}
    </ul>
  )
}

/** Goes to the button of the first reader, from wherever the page is. */
export function enter(list: Element | null): void {
  list?.querySelector<HTMLElement>('[data-assign]')?.focus()
}

/** Goes to the button of the next reader or the one before. */
function step(list: Element, by: number): void {
  const all = [...list.querySelectorAll<HTMLElement>('[data-assign]')]
  const at = all.indexOf(document.activeElement as HTMLElement)
  all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus()
}

interface ReaderProps {
  line: Line
  most: number
  only: boolean
  onAssign: () => void
  onOnly: () => void
  onCover: () => void
}

function Reader({ line, most, only, onAssign, onOnly, onCover }: ReaderProps) {
  const t = useWords()
  return (
    <li className={`${styles.reader} ${only ? styles.only : ''}`}>
      <div className={styles.first}>
        <Signal line={line} />
        <span className={styles.name}>{line.name}</span>
        <OnlineDot person={line.person_id} />
        <Duty on={line.on_duty} />
        {line.suggested ? <span className={styles.suggested}>{t('suggested')}</span> : null}
        <span className={styles.title}>{line.title}</span>
        <Deeds line={line} onAssign={onAssign} onOnly={onOnly} onCover={onCover} />
      </div>
      <div className={styles.second}>
        <span className={styles.bar} title={t('points', { n: line.in_hand })}>
          <span className={styles.fill} style={{ width: `${(line.in_hand / most) * 100}%` }} />
        </span>
        <span className={styles.load}>
          {t('load', { open: line.open, waiting: line.waiting, done: line.done })}
        </span>
      </div>
      {line.why ? (
        <p
          id={`why-${line.person_id}`}
          className={`${styles.why} ${line.light === 'green' ? '' : styles.against}`}
        >
          {line.why}
        </p>
      ) : null}
    </li>
  )
}

function Duty({ on }: { on: boolean | null }) {
  const t = useWords()
  if (on === null) return null
  return <span className={on ? styles.on : styles.off}>{t(on ? 'onDuty' : 'offDuty')}</span>
}

/** What the rule says of somebody; a pin where everything chosen is theirs. */
function Signal({ line }: { line: Line }) {
  const t = useWords()
  if (line.light === null) return null
  if (line.has)
    return <PushpinFilled className={styles.has} title={t('has')} aria-label={t('has')} />
  return <LightSign light={line.light} why={line.why} />
}

type DeedsProps = Pick<ReaderProps, 'line' | 'onAssign' | 'onOnly' | 'onCover'>

function Deeds({ line, onAssign, onOnly, onCover }: DeedsProps) {
  const t = useWords()
  const able = line.fits.length > 0 && !line.has
  return (
    <span className={styles.deeds}>
      {line.light === null ? null : (
        <Button
          data-assign
          size="small"
          className={able ? '' : styles.barred}
          aria-disabled={!able}
          aria-label={t('assignTo', { who: line.name })}
          aria-describedby={line.why ? `why-${line.person_id}` : undefined}
          onClick={able ? onAssign : undefined}
        >
          {t('assign')}
        </Button>
      )}
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            { key: 'only', label: t('showOnly') },
            { key: 'cover', label: t('cover') },
          ],
          onClick: ({ key }) => (key === 'only' ? onOnly() : onCover()),
        }}
      >
        <Button
          size="small"
          type="text"
          icon={<MoreOutlined />}
          aria-label={t('moreOf', { who: line.name })}
        />
      </Dropdown>
    </span>
  )
}
