/** Begins an upload that belongs to no request, and says so when it could not. */
import { App } from 'antd'
import { problemWords } from '../shared/problem'
import { beginUpload } from './manager'
import type { Picked } from './pick'

export function useBegin(): (picked: Picked[]) => void {
  const { message } = App.useApp()
  return (picked) => {
    beginUpload(null, picked).catch(
      (error: unknown) => void message.error(problemWords(error).what),
    )
  }
}
