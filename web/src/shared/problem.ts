/**
 * The one shape of everything that goes wrong, and what to tell the person beside it.
 *
 * The sentence comes from the server, built from facts. What was kept and what to do next is known
 * here, because it is about this screen.
 */
import type { ProblemBody } from './schema'
import { defineWords, pick } from './words'

const { say } = defineWords('problem', {
  offlineSentence: [
    '网络连接中断，没有联系上服务器。',
    'The network is down; the server did not answer.',
  ],
  unreadable: ['服务器的回答无法识别。', "The server's answer could not be read."],
  keptText: ['您填写的内容都还在本页。', 'Everything you wrote is still on this page.'],
  keptNothingLost: ['没有数据丢失。', 'Nothing was lost.'],
  doWait: [
    '网络恢复后会自动重试，也可以点“重试”。',
    'It retries when the line is back, or press Retry.',
  ],
  doReload: ['请刷新后合并修改。', 'Reload, then merge your changes.'],
  doNext: ['请从队列中领取下一例。', 'Take the next case from the queue.'],
  doAsk: ['请把编号告诉信息科或平台服务台。', 'Tell the help desk the code below.'],
  doComplete: ['请补齐右侧列出的内容后再发送。', 'Add what the list at the side names, then send.'],
  doSignIn: ['请重新登录，登录后回到这一页。', 'Sign in again; you come back to this page.'],
  doRole: [
    '授予后请重新登录。若您本应有此权限，请把编号告诉信息科或平台服务台。',
    'Sign in again once you have it. If you should have it already, tell the help desk the code below.',
  ],
  doRetry: ['请稍候再试。', 'Try again in a moment.'],
})

export class ProblemError extends Error {
  readonly code: string
  readonly status: number
  readonly body: ProblemBody

  constructor(status: number, body: ProblemBody) {
    super(body.code)
    this.name = 'ProblemError'
    this.code = body.code
    this.status = status
    this.body = body
  }
}

type Hint =
  | 'doWait'
  | 'doReload'
  | 'doNext'
  | 'doAsk'
  | 'doComplete'
  | 'doSignIn'
  | 'doRole'
  | 'doRetry'

const HINTS: Record<string, Hint> = {
  offline: 'doWait',
  unavailable: 'doWait',
  stale: 'doReload',
  'already-claimed': 'doNext',
  'not-claim-holder': 'doNext',
  incomplete: 'doComplete',
  'not-signed-in': 'doSignIn',
  'too-many': 'doRetry',
  'no-space': 'doAsk',
  internal: 'doAsk',
  forbidden: 'doRole',
}

export interface ProblemWords {
  what: string
  kept: string
  todo: string | null
  code: string
}

/** What happened, what was kept, what to do, and the code to read to the help desk. */
export function problemWords(error: unknown): ProblemWords {
  const problem = toProblem(error)
  const hint = HINTS[problem.code]
  const { incident, action } = problem.body.facts
  // Which fault, or which permission: what the help desk asks for next.
  const more = incident || (problem.code === 'forbidden' && action)
  return {
    what: pick(problem.body),
    kept:
      problem.status >= 500 || problem.code === 'offline'
        ? say('keptText')
        : say('keptNothingLost'),
    todo: hint ? say(hint) : null,
    code: typeof more === 'string' && more ? `${problem.code} · ${more}` : problem.code,
  }
}

/** Any thrown thing as a problem; a fetch that never arrived is `offline`. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  const code = error instanceof TypeError ? 'offline' : 'client'
  const sentence = code === 'offline' ? say('offlineSentence') : say('unreadable')
  const detail = error instanceof Error ? error.message : String(error)
  return new ProblemError(0, { code, zh: sentence, en: sentence, facts: { detail } })
}

/** The problem of an HTTP answer, also when a proxy on the way answered instead of the server. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const text = await response.text()
  try {
    const body = JSON.parse(text) as Partial<ProblemBody>
    if (typeof body.code === 'string' && typeof body.zh === 'string')
      return new ProblemError(response.status, { facts: {}, en: body.zh, ...body } as ProblemBody)
  } catch {
    // Not JSON: a gateway's HTML page. The status is all there is to say.
  }
  const code = response.status >= 500 ? 'unavailable' : `http-${response.status}`
  const sentence = say('unreadable')
  return new ProblemError(response.status, { code, zh: sentence, en: sentence, facts: {} })
}
