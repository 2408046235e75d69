/**
 * Keys of a page: registered once, shown by `?`.
 *
 * A page names its keys with words; a key pressed while typing is left to the text unless it
 * carries Ctrl. The overlay lists what the page registered, so it cannot lie.
 */
import { Modal } from 'antd'
import { useEffect, useRef, useState } from 'react'
import styles from './keys.module.css'
import { defineWords } from './words'

const { useWords } = defineWords('keys', {
  title: ['本页快捷键', 'Keys on this page'],
  help: ['显示本帮助', 'Show this help'],
})

export interface PageKey {
  /** 'Enter', 'ArrowDown', '?', 'Ctrl+Enter', 'Alt+R': as KeyboardEvent.key names them. */
  combo: string
  label: string
  run: () => void
}

/** Listens for the page's keys and returns the help overlay to render. */
export function usePageKeys(keys: readonly PageKey[], active = true) {
  const [shown, setShown] = useState(false)
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    if (!active) return
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      const combo = comboOf(event)
      if (isTyping(event.target) && !combo.startsWith('Ctrl+') && !combo.startsWith('Alt+')) return
      if (combo === '?') {
        setShown(true)
        return
      }
      const hit = latest.current.find((key) => key.combo === combo)
      if (!hit) return
      event.preventDefault()
      hit.run()
    }
    window.addEventListener('keydown', listener)
    return () => window.removeEventListener('keydown', listener)
  }, [active])
  return <KeyHelp keys={keys} open={shown} onClose={() => setShown(false)} />
}

/** Enter on a focused button or link is that control's own. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target.closest('[role="dialog"]')) return true
  return ['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON', 'A'].includes(target.tagName)
}

export function comboOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): string {
  const held = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}`
  return held + (event.key.length === 1 && held ? event.key.toUpperCase() : event.key)
}

interface HelpProps {
  keys: readonly PageKey[]
  open: boolean
  onClose: () => void
}

function KeyHelp({ keys, open, onClose }: HelpProps) {
  const t = useWords()
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t('title')} width={440}>
      <dl className={styles.list}>
        {[...keys, { combo: '?', label: t('help') }].map((key) => (
          <div key={key.combo} className={styles.row}>
            <dt>
              {key.combo.split('+').map((part) => (
                <kbd key={part} className={styles.key}>
                  {PRETTY[part] ?? part}
                </kbd>
              ))}
            </dt>
            <dd>{key.label}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}

const PRETTY: Record<string, string> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  Enter: 'Enter ↵',
  ' ': 'Space',
}
