/**
 * Keys of a page: registered once, shown by `?`.
 *
 * A page names its keys with words; a key pressed while typing is left to the text unless it
 * carries Ctrl. The overlay lists what the page registered, so it cannot lie.
 */
import { Modal } from 'antd'
import { useEffect, useState } from 'react'
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
  /** Absent where a part of the page listens itself and only wants its key listed. */
  run?: () => void
}

interface Registered {
  keys: readonly PageKey[]
}

const registered = new Set<Registered>()
/** Who shows the keys: a page that looks different from the house does it itself. */
const ofHouse = new Set<() => void>()
const ofPage = new Set<() => void>()

/** Registers keys for as long as the component is shown. The last registered wins. */
export function usePageKeys(keys: readonly PageKey[]): void {
  const [entry] = useState<Registered>(() => ({ keys }))
  useEffect(() => {
    entry.keys = keys
  })
  useEffect(() => {
    registered.add(entry)
    return () => {
      registered.delete(entry)
    }
  }, [entry])
}

function allKeys(): PageKey[] {
  return [...registered].reverse().flatMap((entry) => entry.keys)
}

window.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || registered.size === 0) return
  const combo = comboOf(event)
  if (isTyping(event.target) && !combo.startsWith('Ctrl+') && !combo.startsWith('Alt+')) return
  if (combo === '?') {
    for (const show of ofPage.size > 0 ? ofPage : ofHouse) show()
    return
  }
  const hit = allKeys().find((key) => key.combo === combo && key.run)
  if (!hit?.run) return
  event.preventDefault()
  hit.run()
})

/** Enter on a focused button or link is that control's own. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target.closest('[role="dialog"]')) return true
  return ['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON', 'A'].includes(target.tagName)
}

export function comboOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string {
  const held = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}`
  // Of a letter Shift is part of the letter; of a named key it is another key.
  const shift = event.shiftKey && event.key.length > 1 ? 'Shift+' : ''
  return held + shift + (event.key.length === 1 && held ? event.key.toUpperCase() : event.key)
}

/** The overlay of `?`: once for the house, and once more in a page with colours of its own. */
export function KeyHelp({ own = false }: { own?: boolean }) {
  const t = useWords()
  const [keys, setKeys] = useState<PageKey[] | null>(null)
  useEffect(() => {
    const show = () => setKeys(allKeys())
    const shows = own ? ofPage : ofHouse
    shows.add(show)
    return () => {
      shows.delete(show)
    }
  }, [own])
  return (
    <Modal
      open={keys !== null}
      onCancel={() => setKeys(null)}
      footer={null}
      title={t('title')}
      width={440}
    >
      <dl className={styles.list}>
        {[...(keys ?? []), { combo: '?', label: t('help') }].map((key) => (
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
