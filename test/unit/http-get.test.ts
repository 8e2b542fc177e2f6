import { createServer, type RequestListener } from 'node:http'
import { createServer as overTls } from 'node:https'
import { createServer as overTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createHttpGet, type HttpGet } from '../../src/extract/http-get.ts'
import { whileListening } from '../support/listening.ts'
import { LOCALHOST, whileTrusted } from '../support/tls.ts'

const BODY = JSON.stringify({ charges: Array.from({ length: 2000 }, (_, id) => ({ id, note: 'für Zoë' })) })
const { signal } = new AbortController()
const direct = (connections = 4): HttpGet => createHttpGet({ connections, connectTimeoutMs: 60_000, proxy: null })
const get = direct()

const answering = (listener: RequestListener, work: (url: URL) => Promise<void>): Promise<void> =>
  whileListening(createServer(listener), port => work(new URL(`http://127.0.0.1:${port}/charges?limit=250`)))

test('a body is decompressed, and only encodings are accepted that can be', async () => {
  const encodings = new Map([
    ['gzip', gzipSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['GZIP', gzipSync(BODY)],
    ['identity', Buffer.from(BODY)],
  ])
  for (const [encoding, bytes] of encodings) {
    let accepted: unknown
    await answering(
      (request, response) => {
        accepted = request.headers['accept-encoding']
        response.writeHead(200, { 'content-encoding': encoding, 'content-length': bytes.length }).end(bytes)
      },
      async url => expect(await text((await get(url, {}, signal)).body)).toBe(BODY),
    )
    expect(accepted).toBe('gzip, br')
  }
})

test('a body that breaks off is an error, compressed or not, however it ends', async () => {
  const zipped = gzipSync(BODY)
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2)
  const cut =
    (bytes: Buffer, headers: Record<string, string | number>): RequestListener =>
    (_, response) => {
      response.writeHead(200, headers)
      response.write(half(bytes), () => response.destroy())
    }
  const plain = Buffer.from(BODY)
  const gzip = { 'content-encoding': 'gzip' }
  const cases: readonly (readonly [string, RequestListener])[] = [
    ['half of a compressed body, sent as if complete', (_, r) => void r.writeHead(200, gzip).end(half(zipped))],
    ['compressed, below its Content-Length', cut(zipped, { ...gzip, 'content-length': zipped.length })],
    ['compressed, without its last chunk', cut(zipped, gzip)],
    ['below its Content-Length', cut(plain, { 'content-length': plain.length })],
    ['without its last chunk', cut(plain, {})],
  ]
  for (const [what, listener] of cases)
    await answering(listener, async url => {
      const { body } = await get(url, {}, signal)
      await expect(text(body), what).rejects.toThrow()
    })
})

test('a connection that is reset before the headers is an error', async () => {
  await answering(
    request => void request.socket.destroy(),
    async url => await expect(get(url, {}, signal)).rejects.toThrow(/closed|reset/i),
  )
})

test('a redirect is not followed, and repeated headers are joined', async () => {
  const asked: (string | undefined)[] = []
  await answering(
    (request, response) => {
      asked.push(request.url, request.headers['x-recharge-access-token'] as string)
      const link = ['<a>; rel="previous"', '<b>; rel="next"']
      response.writeHead(302, { location: '/elsewhere', link, 'x-recharge-limit': '3/40' }).end('gone')
    },
    async url => {
      const { status, headers, body } = await get(url, { 'X-Recharge-Access-Token': 'one' }, signal)
      expect([status, headers.get('X-Recharge-Limit'), headers.get('link')]).toEqual([
        302,
        '3/40',
        '<a>; rel="previous", <b>; rel="next"',
      ])
      expect(await text(body)).toBe('gone')
    },
  )
  expect(asked).toEqual(['/charges?limit=250', 'one'])
})

test('an abort ends the request, before its headers and after them', async () => {
  await answering(
    (request, response) => {
      if (request.url === '/body') response.writeHead(200).write('the beginning')
    },
    async url => {
      const before = new AbortController()
      const answer = get(new URL('/headers', url), {}, before.signal)
      before.abort()
      await expect(answer).rejects.toThrow(/abort/)
      const after = new AbortController()
      const { body } = await get(new URL('/body', url), {}, after.signal)
      after.abort()
      await expect(text(body)).rejects.toThrow(/abort/)
    },
  )
})

test('an abort ends a request that still waits for its connection, and one that has not been sent', async () => {
  const accepted = Promise.withResolvers<void>()
  // It accepts the connection and never answers the TLS handshake.
  const server = overTcp(socket => {
    socket.on('error', () => {})
    accepted.resolve()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(`https://localhost:${typeof address === 'object' ? address?.port : 0}/charges`)
  const abort = new AbortController()
  const answer = get(url, {}, abort.signal)
  await accepted.promise
  abort.abort()
  await expect(answer).rejects.toThrow(/abort/)
  await expect(get(url, {}, abort.signal)).rejects.toThrow(/abort/)
  server.close()
})

test('connections are kept open and used again, and there are no more of them than allowed', async () => {
  let connections = 0
  const server = createServer((_, response) => void response.end(BODY)).on('connection', () => {
    connections += 1
  })
  await whileListening(server, async port => {
    const two = direct(2)
    const one = async (): Promise<string> => text((await two(new URL(`http://127.0.0.1:${port}/`), {}, signal)).body)
    for (let round = 0; round < 5; round++)
      expect(new Set(await Promise.all([one(), one(), one(), one()]))).toEqual(new Set([BODY]))
  })
  expect(connections).toBe(2)
})

test('over TLS only a server with a trusted certificate gets the request', async () => {
  let requests = 0
  const server = overTls(LOCALHOST, (_, response) => {
    requests += 1
    response.end(BODY)
  })
  await whileListening(server, async port => {
    const url = new URL(`https://localhost:${port}/charges`)
    await expect(direct()(url, {}, signal)).rejects.toThrow(/self-signed/)
    expect(requests).toBe(0)
    await whileTrusted(async () => expect(await text((await direct()(url, {}, signal)).body)).toBe(BODY))
  })
})
