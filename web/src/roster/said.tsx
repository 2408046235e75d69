/** What was done to the roster, with the way back. */
import { App, Button } from 'antd'
import { problemWords } from '../shared/problem'
import type { RosterDone } from '../shared/schema'
import { takeBack } from './api'
import { useWords } from './words'

const KEY = 'roster'
const SECONDS = 10

/** Says it in a toast; what changed anything can be taken back from there. */
export function useSaid(): (done: RosterDone, what: string) => void {
  const t = useWords()
  const { message } = App.useApp()
  return (done, what) => {
    const undo = async () => {
      message.destroy(KEY)
      try {
        await takeBack(done)
        void message.success(t('undone'))
      } catch (error) {
        void message.error(problemWords(error).what)
      }
    }
    const left = done.left_out.length > 0 ? t('leftOut', { n: done.left_out.length }) : ''
    const taken = done.swapped.length > 0 ? t('takenIn', { n: done.swapped.length }) : ''
    const changed = done.made.length + done.canceled.length > 0
    void message.success({
      key: KEY,
      duration: changed ? SECONDS : 4,
      content: (
        <>
          {`${what}${left}${taken}`}
          {changed ? (
            <Button type="link" size="small" onClick={() => void undo()}>
              {t('undo')}
            </Button>
          ) : null}
        </>
      ),
    })
  }
}
