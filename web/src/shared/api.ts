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

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })
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
