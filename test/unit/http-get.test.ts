import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { globalAgent, createServer as overTls } from 'node:https'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { get } from '../../src/extract/http-get.ts'
import { whileListening } from '../support/listening.ts'

const BODY = JSON.stringify({ charges: Array.from({ length: 2000 }, (_, id) => ({ id, note: 'für Zoë' })) })
const { signal } = new AbortController()

const answering = (listener: RequestListener, work: (url: URL) => Promise<void>): Promise<void> =>
  whileListening(createServer(listener), port => work(new URL(`http://127.0.0.1:${port}/charges?limit=250`)))

test('a body comes as it was before it was compressed, and only in ways that were asked for', async () => {
  const ways = new Map([
    ['gzip', gzipSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['GZIP', gzipSync(BODY)],
    ['identity', Buffer.from(BODY)],
  ])
  for (const [way, bytes] of ways) {
    let accepted: unknown
    await answering(
      (request, response) => {
        accepted = request.headers['accept-encoding']
        response.writeHead(200, { 'content-encoding': way, 'content-length': bytes.length }).end(bytes)
      },
      async url => expect(await text((await get(url, {}, signal)).body)).toBe(BODY),
    )
    expect(accepted).toBe('gzip, br')
  }
})

test('a compressed body that breaks off is an error, however it ends', async () => {
  const bytes = gzipSync(BODY)
  const half = bytes.subarray(0, bytes.length / 2)
  const ends: readonly [string, RequestListener][] = [
    ['said to be whole', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(half)],
    [
      'cut off',
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length })
        response.write(half, () => response.destroy())
      },
    ],
  ]
  for (const [how, listener] of ends)
    await answering(listener, async url => {
      const { body } = await get(url, {}, signal)
      await expect(text(body), how).rejects.toThrow()
    })
})

test('a redirect is not followed, and the headers come as they were sent', async () => {
  const asked: (string | undefined)[] = []
  await answering(
    (request, response) => {
      asked.push(request.url, request.headers['x-recharge-access-token'] as string)
      const link = ['<a>; rel="previous"', '<b>; rel="next"']
      response.writeHead(302, { location: 'http://127.0.0.1:1/', link, 'x-recharge-limit': '3/40' }).end('gone')
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

test('an interruption ends the request, before its headers and after them', async () => {
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

test('over TLS a server is believed by its certificate, and not otherwise', async () => {
  const file = (name: string): string => readFileSync(new URL(`../support/${name}`, import.meta.url), 'utf8')
  const cert = file('localhost.crt')
  const server = overTls({ cert, key: file('localhost.key') }, (_, response) => void response.end(BODY))
  await whileListening(server, async port => {
    const url = new URL(`https://localhost:${port}/charges`)
    await expect(get(url, {}, signal)).rejects.toThrow(/self-signed/)
    globalAgent.options.ca = cert
    try {
      expect(await text((await get(url, {}, signal)).body)).toBe(BODY)
    } finally {
      delete globalAgent.options.ca
    }
  })
})
