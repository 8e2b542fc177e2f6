import { Interrupted, SourceError } from '../common/errors.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { BodyTooLarge, type BufferPool, createBufferPool } from './buffer-pool.ts'
import { toUtf8 } from './charset.ts'
import type { HttpGet } from './http-get.ts'
import { ProxyRefusal } from './proxy.ts'
import { safeMessages } from './safe-message.ts'

export interface HttpOptions {
  readonly baseUrl: string
  readonly token: string
  /** For one request, from its connection to the end of its body. */
  readonly timeoutMs: number
  /** Requests in flight at most, and so connections. */
  readonly concurrency: number
  /** The proxy that requests go through; null: they go to the API directly. */
  readonly proxy: URL | null
  /** Milliseconds. */
  readonly monotonic: () => number
}

/** A response with status 200. */
export interface Answer {
  /** In UTF-8, unless it is not what its Content-Type says. Valid until it is released. */
  readonly body: Buffer
  readonly headers: Headers
  /** Milliseconds from sending the request to the end of the body. */
  readonly tookMs: number
  /** Returns the memory of the body to the pool. */
  release(): void
}

/** Sends one GET and does not retry it. */
export type Get = (url: URL, version: ApiVersion, signal: AbortSignal, onHeaders: OnHeaders) => Promise<Answer>

/** Called with the status and the headers of every response, of errors too: they carry the level of the rate limit. */
export type OnHeaders = (status: number, headers: Headers) => void

/**
 * Bytes of a body, decompressed. A page has 250 records at most, and one of a quarter of a megabyte each would be larger than
 * any seen. Without a bound, a few megabytes of gzip could fill the memory.
 */
export const MOST_BYTES = 64 * 1024 * 1024

/**
 * Every failure becomes a `SourceError` whose kind says what to do.
 * @throws {SourceError | Interrupted}
 */
export function createGet({ baseUrl, token, timeoutMs, concurrency, proxy, monotonic }: HttpOptions): Get {
  const origin = new URL(baseUrl).origin
  const pool = createBufferPool(MOST_BYTES)
  const safe = safeMessages(token)
  let loaded: Promise<HttpGet> | null = null
  // Loaded with the first request: it takes 50 ms, and many commands send none.
  const load = (): Promise<HttpGet> => {
    loaded ??= import('./http-get.ts').then(({ createHttpGet }) =>
      createHttpGet({ connections: concurrency, connectTimeoutMs: timeoutMs, proxy }),
    )
    return loaded
  }
  const via = proxy === null ? '' : ` through the proxy ${proxy.host}`
  return async (url, version, signal, onHeaders) => {
    if (url.origin !== origin)
      throw new SourceError('refused', `${url.origin} is not the API, so the token is not sent there`)
    const httpGet = await load()
    const timeout = AbortSignal.timeout(timeoutMs)
    const where = `GET ${url.pathname}${via}`
    const sent = monotonic()
    try {
      const requestHeaders = {
        'X-Recharge-Access-Token': token,
        'X-Recharge-Version': version,
        Accept: 'application/json',
        'User-Agent': 'recharge-sync',
      }
      const { status, headers, body: chunks } = await httpGet(url, requestHeaders, AbortSignal.any([signal, timeout]))
      onHeaders(status, headers)
      if (status !== 200) throw errorOfStatus(status, headers, await textOf(chunks, pool), where)
      const body = await pool.read(chunks)
      const tookMs = monotonic() - sent
      const release = (): void => pool.release(body)
      const transcoded = toUtf8(body, headers.get('content-type'), where)
      if (transcoded === null) return { body, headers, tookMs, release }
      release()
      return { body: transcoded, headers, tookMs, release: () => {} }
    } catch (error) {
      if (error instanceof SourceError) throw safe(error)
      if (error instanceof BodyTooLarge)
        throw new SourceError('too_large', `${where}: the body has more than ${MOST_BYTES / 1024 / 1024} MB`, {
          tooLarge: true,
        })
      if (signal.aborted) throw new Interrupted()
      if (timeout.aborted || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT')
        throw new SourceError('timeout', `${where}: no answer within ${timeoutMs / 1000} s`, { tooLarge: true })
      throw errorOfConnection(error, where, proxy)
    }
  }
}

/** The body of an error; empty if it is too large to be one. */
async function textOf(chunks: AsyncIterable<Uint8Array>, pool: BufferPool): Promise<string> {
  try {
    const body = await pool.read(chunks)
    const text = new TextDecoder().decode(body)
    pool.release(body)
    return text
  } catch (error) {
    if (error instanceof BodyTooLarge) return ''
    throw error
  }
}

function errorOfStatus(status: number, headers: Headers, text: string, where: string): SourceError {
  const reason = reasonIn(text)
  const what = MEANING.get(status)
  const message = `${where}: ${status}${what === undefined ? '' : ` (${what})`}${reason === null ? '' : ` ${reason}`}`
  if (status === 401) return new SourceError('unauthorised', message)
  if (status === 402) return new SourceError('frozen', message)
  // A refusal by the API has its reason in JSON [observed for other errors]. A firewall or a proxy answers in its own way.
  if (status === 403)
    return reason === null
      ? new SourceError('blocked', `${message}, and not in the way of the API`)
      : new SourceError('forbidden', message)
  if (REDIRECTS.includes(status)) {
    const to = headers.get('location')
    return new SourceError('redirected', to === null ? message : `${message} to ${to}`)
  }
  if (status === 406 || status === 415) return new SourceError('not_acceptable', message)
  if (status === 426) return new SourceError('version_refused', message)
  if (status === 429) return new SourceError('throttled', message, { retryAfterMs: retryAfter(headers) })
  if (status === 409) return new SourceError('conflict', message, { retryAfterMs: retryAfter(headers) })
  if (status === 408) return new SourceError('timeout', message, { tooLarge: true })
  if (status >= 500 && status !== 501)
    return new SourceError('unavailable', message, {
      retryAfterMs: retryAfter(headers),
      tooLarge: status === 504 || status === 502,
    })
  if (status === 404 || status === 410) return new SourceError('missing', message)
  if (status === 422 && /"platform"/.test(text)) return new SourceError('unsupported', message)
  if (status === 422) return new SourceError('unprocessable', message)
  return new SourceError('refused', message)
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
/** What a status means that says little by itself. */
const MEANING: ReadonlyMap<number, string> = new Map([
  ...REDIRECTS.map(status => [status, 'a redirect'] as const),
  [402, 'the store is frozen or unpaid'],
  [406, 'the server offers no JSON'],
  [415, 'the server accepts no such request'],
  [426, 'the API version is refused'],
])

/** The reason in an error body of the API: `errors`, `error` or `warning`, as text, list or object [observed]; null: none. */
function reasonIn(text: string): string | null {
  try {
    const body = JSON.parse(text) as Record<string, unknown> | null
    const reason = body?.errors ?? body?.error ?? body?.warning ?? null
    return reason === null || typeof reason === 'string' ? reason : JSON.stringify(reason)
  } catch {
    return null
  }
}

/** The header's seconds or HTTP date, in milliseconds from now. Whether Recharge sends one is not known [unknown]. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  const now = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(at) || Number.isNaN(now) ? null : Math.max(0, at - now)
}

const LET_THROUGH = 'Let the proxy open tunnels to the API, or add the host of the API to NO_PROXY.'
const CHECK_PROXY = 'Check that the proxy in HTTPS_PROXY or HTTP_PROXY runs; run again later, nothing is lost.'

/** No response, or one whose body broke off: a body that is shorter than its Content-Length is an error too [tried]. */
function errorOfConnection(error: unknown, where: string, proxy: URL | null): SourceError {
  if (error instanceof ProxyRefusal && error.status < 500)
    return new SourceError('proxy', `${where}: ${error.message}`, error.status === 407 ? {} : { next: LET_THROUGH })
  const code = codeOf(error)
  const message = `${where}: ${error instanceof Error ? error.message : String(error)}${code === null ? '' : ` (${code})`}`
  return new SourceError(code !== null && NO_CONNECTION.has(code) ? 'unreached' : 'unavailable', message, {
    tooLarge: true,
    cause: error,
    ...(proxy === null ? {} : { next: CHECK_PROXY }),
  })
}

/** No connection was made, so the request did not reach the host. */
const NO_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
])

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && error.code !== undefined ? String(error.code) : null
