import { request } from 'undici'
import { abortable, dispatcherOf, refusal } from './http-get.ts'

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  /** Empty: none is sent. */
  readonly body: string
}

export interface Answered {
  readonly status: number
  /** The first part of the body, for a message. */
  readonly excerpt: string
}

/** Bytes of an answer that are read. */
const EXCERPT = 1024

/**
 * Sends one request to an address that is not the API, on a connection of its own. Follows no redirect.
 * @param signal the only time limit: it covers the connection, and as much of the answer as is read.
 * @param proxy null: the connection is direct.
 * @throws the signal's reason; what undici throws where there is no answer.
 */
export async function send(url: URL, outgoing: Outgoing, proxy: URL | null, signal: AbortSignal): Promise<Answered> {
  signal.throwIfAborted()
  const dispatcher = dispatcherOf({ connections: 1, connectTimeoutMs: 0, proxy })
  try {
    const { method, body } = outgoing
    const { username, password } = url
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const headers = {
      ...outgoing.headers,
      ...(username === '' ? {} : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    }
    const limits = { headersTimeout: 0, bodyTimeout: 0 }
    const sent = request(url, { dispatcher, method, headers, signal, ...limits, ...(body === '' ? {} : { body }) })
    const response = await abortable(sent, signal).catch(refusal)
    return { status: response.statusCode, excerpt: await abortable(beginning(response.body), signal) }
  } finally {
    // Whatever hangs is cut off with its connection.
    await dispatcher.destroy().catch(() => {})
  }
}

async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of body) {
      parts.push(part)
      bytes += part.length
      if (bytes >= EXCERPT) break
    }
  } catch {
    // The status has come, which is the answer; a body that breaks off is only shown in part.
  }
  return Buffer.concat(parts).subarray(0, EXCERPT).toString('utf8')
}
