/**
 * The typed door to `/api`: paths and bodies come from the server's OpenAPI document.
 *
 * It adds the CSRF header, keeps the clock right, and turns every refusal into a ProblemError.
 */
import createClient, { type Middleware } from 'openapi-fetch'
import { noteServerDate } from './now'
import { ProblemError, readProblem } from './problem'
import type { paths } from './schema'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Milliseconds for an answer to a question. A connection that a cut line left behind answers nobody,
 * and a browser has six: it is given up as any other that broke, and may be asked again.
 */
const PATIENCE_MS = 30_000

let csrf = ''
const signedOutListeners = new Set<() => void>()

export function setCsrf(token: string): void {
  csrf = token
}

export function csrfHeader(): Record<string, string> {
  return { 'X-CSRF-Token': csrf }
}

/** Calls back whenever the server says that nobody is signed in. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener)
  return () => signedOutListeners.delete(listener)
}

export function tellSignedOut(): void {
  for (const listener of signedOutListeners) listener()
}

const manners: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set('X-CSRF-Token', csrf)
  },
  async onResponse({ response }) {
    noteServerDate(response.headers.get('Date'))
    if (response.ok) return
    const problem = await readProblem(response)
    if (problem.code === 'not-signed-in') tellSignedOut()
    throw problem
  },
}

/** A signal that ends a question by itself after so long. Browsers of 2023 know no AbortSignal.any. */
export function within(milliseconds: number, asked: AbortSignal): AbortSignal {
  const control = new AbortController()
  const stop = () => control.abort(asked.reason)
  if (asked.aborted) stop()
  asked.addEventListener('abort', stop, { once: true })
  setTimeout(() => control.abort(new TypeError('no answer in time')), milliseconds)
  return control.signal
}

function ask(request: Request): Promise<Response> {
  if (!SAFE.has(request.method)) return fetch(request)
  return fetch(request, { signal: within(PATIENCE_MS, request.signal) })
}

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin', fetch: ask })
api.use(manners)

/** The body of an answer. A refusal was thrown by the middleware, so a missing body is a fault. */
export async function body<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await answer
  if (data === undefined)
    throw new ProblemError(response.status, {
      code: 'empty-answer',
      zh: '服务器没有返回内容。',
      en: 'The server answered without content.',
      facts: {},
    })
  return data
}
