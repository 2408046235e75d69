/** One file over the tus protocol: created with its bytes, resumed from the offset the server has. */
import { DetailedError, Upload } from 'tus-js-client'
import { csrfHeader } from '../shared/api'
import { ProblemError } from '../shared/problem'
import type { ProblemBody } from '../shared/schema'

export interface Sending {
  uploadId: string
  /** The server's id of a file begun before; then it goes on where it stopped. */
  fileId: string | null
  file: File
  path: string
  /** The server has given the file its id: from here on it can be resumed. */
  onBegun: (fileId: string) => void
  onProgress: (sent: number) => void
  onDone: (fileId: string) => void
  onFault: (fault: Fault) => void
}

/** Why a file stopped: the line (retried when it is back), the session, or the server's own word. */
export type Fault =
  | { kind: 'line' }
  | { kind: 'signed-out' }
  | { kind: 'refused'; problem: ProblemError }

const CHUNK = 16 << 20
/** A hiccup is ridden out here; a longer break is the manager's to wait for. */
const RETRY_DELAYS = [0, 1000, 3000, 6000]

/** Begins to send; the returned function stops and keeps what the server has. */
export function send(what: Sending): () => void {
  const files = `/api/uploads/${what.uploadId}/files`
  const upload = new Upload(what.file, {
    endpoint: files,
    uploadUrl: what.fileId === null ? null : `${files}/${what.fileId}`,
    metadata: {
      // The path, not the bare name: folders of one study repeat their file names.
      filename: what.path,
      lastModified: String(what.file.lastModified),
    },
    chunkSize: CHUNK,
    uploadDataDuringCreation: true,
    // The server knows what it has; file names, often patients' names, stay out of this browser.
    storeFingerprintForResuming: false,
    retryDelays: RETRY_DELAYS,
    onShouldRetry: (error) => faultOf(error).kind === 'line',
    onBeforeRequest: (request) => {
      for (const [name, value] of Object.entries(csrfHeader())) request.setHeader(name, value)
    },
    onUploadUrlAvailable: () => what.onBegun(idOf(upload)),
    onProgress: (sent) => what.onProgress(sent),
    onSuccess: () => what.onDone(idOf(upload)),
    onError: (error) => what.onFault(faultOf(error)),
  })
  upload.start()
  return () => void upload.abort(false)
}

function idOf(upload: Upload): string {
  return upload.url?.split('/').at(-1) ?? ''
}

function faultOf(error: Error): Fault {
  const response = error instanceof DetailedError ? error.originalResponse : null
  const status = response?.getStatus() ?? 0
  // 409 is an offset that moved under us, 423 a lock still held by the broken line: both resume.
  if (status === 0 || status >= 500 || status === 409 || status === 423 || status === 429) {
    if (status !== 507) return { kind: 'line' }
  }
  if (status === 401) return { kind: 'signed-out' }
  return { kind: 'refused', problem: problemOf(status, response?.getBody() ?? '') }
}

function problemOf(status: number, text: string): ProblemError {
  try {
    return new ProblemError(status, JSON.parse(text) as ProblemBody)
  } catch {
    const sentence = `HTTP ${status}`
    return new ProblemError(status, {
      code: `http-${status}`,
      zh: sentence,
      en: sentence,
      facts: {},
    })
  }
}
