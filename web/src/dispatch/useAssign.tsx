/** Moving cases, said and undone in a toast: what did not move says why. */
import { useMutation } from '@tanstack/react-query'
import { App } from 'antd'
import { problemWords } from '../shared/problem'
import type { OutcomeOut } from '../shared/schema'
import { UndoLink } from '../shared/UndoLink'
import { pick } from '../shared/words'
import { assignMany, type Wish } from './api'
import { useWords } from './words'

const TOAST = 'assign'

/** What takes an assignment back: whose each case was before. */
export function undoing(outcomes: readonly OutcomeOut[]): Wish[] {
  return outcomes
    .filter((one) => one.problem === null)
    .map((one) => ({ request_id: one.request_id, person_id: one.previous }))
}

export interface Order {
  wishes: Wish[]
  /** To whom, by name; null opens the cases to everybody, '' is several people. */
  name: string | null
}

export function useAssign(onDone: () => void) {
  const t = useWords()
  const { message } = App.useApp()
  const failed = (error: unknown) => void message.error(problemWords(error).what)
  const undo = async (wishes: Wish[]) => {
    try {
      await assignMany(wishes)
      void message.info({ key: TOAST, content: t('undone') })
    } catch (error) {
      failed(error)
    }
  }
  const tell = (outcomes: OutcomeOut[], { name }: Order) => {
    const back = undoing(outcomes)
    const stayed = outcomes.flatMap((one) => one.problem ?? [])
    const done =
      name === null
        ? t('openedAgain', { n: back.length })
        : t('assignedTo', { n: back.length, who: name })
    void message.open({
      key: TOAST,
      type: stayed.length > 0 ? 'warning' : 'success',
      duration: 8,
      content: (
        <>
          {back.length > 0 ? (
            <>
              {done} <UndoLink undo={() => undo(back)} of={TOAST} />
            </>
          ) : null}
          {stayed[0] ? t('someStayed', { n: stayed.length, why: pick(stayed[0]) }) : null}
        </>
      ),
    })
  }
  const send = useMutation({
    mutationFn: (order: Order) => assignMany(order.wishes),
    onError: failed,
    onSuccess: (outcomes, order) => {
      tell(outcomes, order)
      onDone()
    },
  })
  return {
    busy: send.isPending,
    order: (order: Order) => {
      if (order.wishes.length > 0 && !send.isPending) send.mutate(order)
    },
  }
}
