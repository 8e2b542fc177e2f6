import { Interrupted, SourceError } from '../common/errors.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { createBufferPool } from './buffer-pool.ts'
import { get } from './http-get.ts'

export interface HttpOptions {
  readonly baseUrl: string
  readonly token: string
  readonly timeoutMs: number
  /** Milliseconds. */
  readonly monotonic: () => number
}

/** An answer with status 200. */
export interface Answer {
  /** Valid until it is released. */
  readonly body: Buffer
  readonly headers: Headers
  /** Milliseconds until its last byte was here. */
  readonly tookMs: number
  /** Gives the memory of the body back, for the next answer. */
  release(): void
}

/** One GET, without second tries. */
export type Get = (url: URL, version: ApiVersion, signal: AbortSignal, onHeaders: OnHeaders) => Promise<Answer>

/** Called with the headers of every answer, errors too: they carry the clock and the level of the rate limit. */
export type OnHeaders = (headers: Headers) => void

/**
 * Whatever goes wrong comes out as a `SourceError` whose kind says what to do.
 * @throws {SourceError | Interrupted}
 */
export function createGet({ baseUrl, token, timeoutMs, monotonic }: HttpOptions): Get {
  const origin = new URL(baseUrl).origin
  const pool = createBufferPool()
  return async (url, version, signal, onHeaders) => {
    if (url.origin !== origin) throw new SourceError('refused', `${url.origin} is not the API: the token stays here`)
    const timeout = AbortSignal.timeout(timeoutMs)
    const where = `GET ${url.pathname}`
    const sent = monotonic()
    try {
      const about = {
        'X-Recharge-Access-Token': token,
        'X-Recharge-Version': version,
        Accept: 'application/json',
        'User-Agent': 'recharge-sync',
      }
      const { status, headers, body: chunks } = await get(url, about, AbortSignal.any([signal, timeout]))
      onHeaders(headers)
      const body = await pool.read(chunks)
      const release = (): void => pool.release(body)
      if (status === 200) return { body, headers, tookMs: monotonic() - sent, release }
      const text = new TextDecoder().decode(body).replaceAll(token, '[secret]')
      release()
      throw refusal(status, headers, text, where)
    } catch (error) {
      if (error instanceof SourceError) throw error
      if (signal.aborted) throw new Interrupted()
      if (timeout.aborted)
        throw new SourceError('timeout', `${where}: no answer within ${timeoutMs / 1000} s`, { tooLarge: true })
      throw network(error, where)
    }
  }
}

function refusal(status: number, headers: Headers, text: string, where: string): SourceError {
  const said = `${where}: ${status}${sayings(text)}`
  if (status === 401) return new SourceError('unauthorised', said)
  if (status === 403 || status === 402) return new SourceError('forbidden', said)
  if (status === 429) return new SourceError('throttled', said, { retryAfterMs: retryAfter(headers) })
  if (status === 409) return new SourceError('conflict', said, { retryAfterMs: retryAfter(headers) })
  if (status === 408) return new SourceError('timeout', said, { tooLarge: true })
  if (status >= 500 && status !== 501)
    return new SourceError('unavailable', said, {
      retryAfterMs: retryAfter(headers),
      tooLarge: status === 504 || status === 502,
    })
  if (status === 404 || status === 410) return new SourceError('missing', said)
  if (status === 422 && /"platform"/.test(text)) return new SourceError('unsupported', said)
  return new SourceError('refused', said)
}

/** What an error body says: `errors`, `error` or `warning`, as text, list or object [observed]; HTML is left out. */
function sayings(text: string): string {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const said = body?.errors ?? body?.error ?? body?.warning
    if (said === undefined) return ''
    return ` ${(typeof said === 'string' ? said : JSON.stringify(said)).slice(0, 300)}`
  } catch {
    return ''
  }
}

/** Seconds or an HTTP date, as milliseconds from now. Whether Recharge sends one is not known [unknown]. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  const now = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(at) || Number.isNaN(now) ? null : Math.max(0, at - now)
}

function network(error: unknown, where: string): SourceError {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  const what = error instanceof Error ? error.message : String(error)
  // A body that is shorter than its Content-Length ends with an error too [tried].
  return new SourceError('unavailable', `${where}: ${what}${code}`, { tooLarge: true, cause: error })
}
