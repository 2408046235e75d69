/**
 * A section of the notes as one types in it.
 *
 * The text lives in the element itself and in `Notes`: what others write is laid into it without
 * moving the caret from its words, and not while a character is composed from several keys.
 */
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import { type Change, movedCaret, plain } from './changes'
import styles from './MinutesPanel.module.css'
import type { Notes } from './notes'

interface Props {
  notes: Notes
  section: string
  label: string
  most: number
  rows: number
  onTyped: () => void
}

export function NoteArea({ notes, section, label, most, rows, onTyped }: Props) {
  const area = useRef<HTMLTextAreaElement>(null)
  const composing = useRef(false)
  useLayoutEffect(() => {
    const element = area.current
    if (element === null) return
    element.value = notes.text(section)
    return notes.on(section, (change) => lay(element, change, notes.text(section)))
  }, [notes, section])
  useEffect(
    () => () => {
      if (composing.current) notes.release()
    },
    [notes],
  )
  const naming = useSyncExternalStore(notes.watch, () => notes.naming.has(section))
  const take = (element: HTMLTextAreaElement) => {
    const typed = plain(element.value)
    if (typed !== element.value) {
      const caret = element.selectionEnd - (element.value.length - typed.length)
      element.value = typed
      element.setSelectionRange(caret, caret)
    }
    notes.edit(section, typed)
    onTyped()
  }
  return (
    <textarea
      ref={area}
      className={styles.area}
      aria-label={label}
      aria-invalid={naming || undefined}
      maxLength={most}
      rows={rows}
      spellCheck={false}
      onInput={(event) => {
        if (!composing.current) take(event.currentTarget)
      }}
      onCompositionStart={() => {
        composing.current = true
        notes.hold()
      }}
      onCompositionEnd={(event) => {
        composing.current = false
        take(event.currentTarget)
        notes.release()
      }}
    />
  )
}

function lay(element: HTMLTextAreaElement, change: Change, text: string): void {
  const { selectionStart, selectionEnd, scrollTop } = element
  element.value = text
  if (document.activeElement === element)
    element.setSelectionRange(movedCaret(selectionStart, change), movedCaret(selectionEnd, change))
  element.scrollTop = scrollTop
}
