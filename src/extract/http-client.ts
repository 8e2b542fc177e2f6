import { Interrupted, SourceError } from '../common/errors.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { createBufferPool } from './buffer-pool.ts'
import type { HttpGet } from './http-get.ts'
import { ProxyRefusal } from './proxy.ts'

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
  /** Valid until it is released. */
  readonly body: Buffer
  readonly headers: Headers
  /** Milliseconds from sending the request to the end of the body. */
  readonly tookMs: number
  /** Returns the memory of the body to the pool. */
  release(): void
}

/** Sends one GET and does not retry it. */
export type Get = (url: URL, version: ApiVersion, signal: AbortSignal, onHeaders: OnHeaders) => Promise<Answer>

/** Called with the headers of every response, of errors too: they carry the clock and the level of the rate limit. */
export type OnHeaders = (headers: Headers) => void

/**
 * Every failure becomes a `SourceError` whose kind says what to do.
 * @throws {SourceError | Interrupted}
 */
export function createGet({ baseUrl, token, timeoutMs, concurrency, proxy, monotonic }: HttpOptions): Get {
  const origin = new URL(baseUrl).origin
  const pool = createBufferPool()
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
      onHeaders(headers)
      const body = await pool.read(chunks)
      const release = (): void => pool.release(body)
      if (status === 200) return { body, headers, tookMs: monotonic() - sent, release }
      const text = new TextDecoder().decode(body).replaceAll(token, '[secret]')
      release()
      throw errorOfStatus(status, headers, text, where)
    } catch (error) {
      if (error instanceof SourceError) throw error
      if (signal.aborted) throw new Interrupted()
      if (timeout.aborted || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT')
        throw new SourceError('timeout', `${where}: no answer within ${timeoutMs / 1000} s`, { tooLarge: true })
      throw errorOfConnection(error, where, proxy)
    }
  }
}

function errorOfStatus(status: number, headers: Headers, text: string, where: string): SourceError {
  const message = `${where}: ${status}${reasonIn(text)}`
  if (status === 401) return new SourceError('unauthorised', message)
  if (status === 403 || status === 402) return new SourceError('forbidden', message)
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
  return new SourceError('refused', message)
}

/** The reason in an error body: `errors`, `error` or `warning`, as text, list or object [observed]. HTML is left out. */
function reasonIn(text: string): string {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const reason = body?.errors ?? body?.error ?? body?.warning
    if (reason === undefined) return ''
    return ` ${(typeof reason === 'string' ? reason : JSON.stringify(reason)).slice(0, 300)}`
  } catch {
    return ''
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
  return new SourceError('unavailable', message, {
    tooLarge: true,
    cause: error,
    ...(proxy === null ? {} : { next: CHECK_PROXY }),
  })
}

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && error.code !== undefined ? String(error.code) : null
