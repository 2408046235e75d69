/** The way back inside a toast: takes the toast away and does what undoes. */
import { App, Button } from 'antd'
import { defineWords } from './words'

const { useWords } = defineWords('undo', { undo: ['撤销', 'Undo'] })

export function UndoLink({ undo, of }: { undo: () => unknown; of: string }) {
  const t = useWords()
  const { message } = App.useApp()
  return (
    <Button
      type="link"
      size="small"
      onClick={() => {
        message.destroy(of)
        void undo()
      }}
    >
      {t('undo')}
    </Button>
  )
}
