import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { Agent, type Dispatcher, errors, Pool, ProxyAgent, request } from 'undici'
import { ProxyRefusal } from './proxy.ts'

/** A response whose headers have arrived. Its body ends with an error if the connection breaks. */
export interface Received {
  readonly status: number
  readonly headers: Headers
  /** Decompressed. */
  readonly body: Readable
}

export interface HttpGetOptions {
  /** Connections to the API at most. */
  readonly connections: number
  /** How long to wait for a connection, in milliseconds. */
  readonly connectTimeoutMs: number
  /** Null: connections are direct. */
  readonly proxy: URL | null
}

/** Sends a GET. Rejects with the signal's reason when the signal aborts. */
export type HttpGet = (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Received>

const DECODERS = new Map([
  ['gzip', createGunzip],
  ['br', createBrotliDecompress],
])
const ENCODINGS = [...DECODERS.keys()].join(', ')
/** Bytes. With zlib's own 16 KB a page costs a quarter more CPU, because each chunk is a round trip to another thread. */
const CHUNK_SIZE = 64 * 1024

/**
 * The only way to the API. `request` of undici follows no redirect: that would send the token to wherever the redirect
 * points.
 */
export function createHttpGet(options: HttpGetOptions): HttpGet {
  const dispatcher = dispatcherOf(options)
  return async (url, headers, signal) => {
    signal.throwIfAborted()
    const sent = request(url, {
      dispatcher,
      headers: { ...headers, 'Accept-Encoding': ENCODINGS },
      signal,
      // The signal is the only time limit of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const response = await abortable(sent, signal).catch(refusal)
    return { status: response.statusCode, headers: headersOf(response), body: decoded(response) }
  }
}

export function dispatcherOf({ connections, connectTimeoutMs, proxy }: HttpGetOptions): Dispatcher {
  const timeout = { timeout: connectTimeoutMs }
  if (proxy === null) return new Agent({ connections, connect: timeout })
  const { username, password } = proxy
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return new ProxyAgent({
    uri: proxy.origin,
    ...(username === '' ? {} : { token: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    connections,
    proxyTls: timeout,
    requestTls: timeout,
    // Not every proxy opens a tunnel to port 80, so `http:` addresses are requested from the proxy itself.
    proxyTunnel: false,
    // The signal does not end a CONNECT, so one that is never answered needs a time limit.
    clientFactory: (origin, pool) => new ProxyPool(origin, { ...pool, headersTimeout: connectTimeoutMs }),
  })
}

/** Connections to the proxy, for tunnels. */
class ProxyPool extends Pool {
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>
  override connect(options: Dispatcher.ConnectOptions, callback: ConnectCallback): void
  override connect(
    options: Dispatcher.ConnectOptions,
    callback?: ConnectCallback,
  ): Promise<Dispatcher.ConnectData> | undefined {
    if (callback === undefined) return this.#tunnel(options)
    super.connect(options, callback)
    return undefined
  }

  async #tunnel(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const answer = await super.connect(options).catch((error: unknown) => {
      // After a SocketError undici connects again, without end if the proxy always closes the connection.
      if (!(error instanceof errors.SocketError)) throw error
      throw new Error(`the proxy opened no tunnel: ${error.message}`, { cause: error })
    })
    if (answer.statusCode === 200) return answer
    answer.socket.on('error', () => {}).destroy()
    throw new ProxyRefusal(answer.statusCode)
  }
}

type ConnectCallback = Parameters<Pool['connect']>[1]

/** Without a tunnel undici reports a 407 as an error that only its message tells apart. */
export function refusal(error: unknown): never {
  throw error instanceof errors.InvalidArgumentError && error.message.includes('(407)') ? new ProxyRefusal(407) : error
}

/** While a request waits for its connection, undici notices no abort. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function headersOf({ headers }: Dispatcher.ResponseData): Headers {
  const all = new Headers()
  for (const [name, values] of Object.entries(headers))
    for (const value of [values ?? []].flat()) all.append(name, value)
  return all
}

function decoded({ headers, body }: Dispatcher.ResponseData): Readable {
  const decoder = DECODERS.get(String(headers['content-encoding'] ?? '').toLowerCase())
  // `pipeline` passes an error of the connection on to the stream that is read.
  return decoder ? pipeline(body, decoder({ chunkSize: CHUNK_SIZE }), () => {}) : body
}
