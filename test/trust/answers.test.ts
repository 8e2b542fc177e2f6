import { createServer, type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { SyncError } from '../../src/common/errors.ts'
import { createGet, MOST_BYTES } from '../../src/extract/http-client.ts'
import { createRateLimit, STANDARD } from '../../src/extract/rate-limit.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Rewritten } from '../../src/simulator/serve/answer.ts'
import { CHEAP_DESTINATION, withFolder } from '../support/destinations.ts'
import { withQuery } from '../support/dump.ts'
import { whileListening } from '../support/listening.ts'
import { readStream, STREAMS, sourceOf } from '../support/read-stream.ts'
import { rounds } from '../support/rounds.ts'
import { configFor, makeStore, runSync, withSimulator } from '../support/run.ts'

const [CUSTOMERS] = STREAMS.filter(({ name }) => name === 'customers')

/** What ends a read of the customers from a server that always answers so. */
async function failureOf(token: string, listener: RequestListener): Promise<SyncError> {
  let failure: unknown = null
  await whileListening(createServer(listener), async port => {
    const source = sourceOf({ url: `http://127.0.0.1:${port}`, token }, 1)
    failure = (await readStream(source, CUSTOMERS as Stream)).error
  })
  return failure as SyncError
}

describe('K9/47: no part of the token is in a message', () => {
  const TOKEN = 'sk_1x1_0123456789abcdef0123456789abcdef'
  const ESCAPED = TOKEN.replaceAll('_', '\\u005f').replace('abc', '\\u0061bc')
  const body = (before: number, token: string): string => `{"errors":"${'x'.repeat(before)} ${token} and more"}`
  const nested = (before: number): string =>
    JSON.stringify({ errors: { base: ['x'.repeat(before), TOKEN, 'y'.repeat(500)] } })

  // A message is cut after 400 characters: before the token, anywhere in it, and behind it.
  const LENGTHS = [10, ...Array.from({ length: rounds(7, 20) }, (_, i) => 310 + rounds(15, 5) * i)]

  test.each<readonly [string, (before: number) => Answered]>([
    ['in an error body', before => [422, body(before, TOKEN)]],
    ['split by escapes', before => [422, body(before, ESCAPED)]],
    ['inside of an object', before => [422, nested(before)]],
    ['in a body with status 200', before => [200, body(before, TOKEN)]],
    ['in a body with status 200, split by escapes', before => [200, body(before, ESCAPED)]],
    ['as the name of a member', before => [200, `{"${'x'.repeat(before)}${TOKEN}":1}`]],
    [
      'in the address of a redirect',
      before => [302, '', { location: `https://a.example/${'x'.repeat(before)}${TOKEN}` }],
    ],
    [
      'in a character set',
      before => [200, '{}', { 'content-type': `text/json; charset=${'x'.repeat(before)}${TOKEN}` }],
    ],
  ])('%s', async (_where, answerOf) => {
    const messages: string[] = []
    let before = 0
    await whileListening(
      createServer((_, response) => {
        const [status, body, headers] = answerOf(before)
        response.writeHead(status, headers).end(body)
      }),
      async port => {
        for (before of LENGTHS) {
          const source = sourceOf({ url: `http://127.0.0.1:${port}`, token: TOKEN }, 1)
          const { error } = await readStream(source, CUSTOMERS as Stream)
          messages.push((error as SyncError).message)
        }
      },
    )
    expect(messages.length).toBe(LENGTHS.length)
    for (const message of messages) {
      expect(message).not.toContain(TOKEN.slice(0, 6))
      expect(message).not.toContain(ESCAPED.slice(0, 12))
      expect(message.length).toBeLessThan(500)
    }
    // Some of the cuts fall behind the token.
    expect(messages.some(message => message.includes('[secret]'))).toBe(true)
  })
})

type Answered = readonly [status: number, body: string, headers?: Record<string, string>]

describe('K4/18: the character set of an answer', () => {
  const synced = (charset: string, bytesOf: (text: string) => Buffer) =>
    withSimulator({ store: storeWith('Renée Łódź') }, simulator => {
      simulator.faults.add({
        kind: 'rewrite',
        match: ({ path }) => path === '/customers',
        times: Number.POSITIVE_INFINITY,
        rewrite: ({ body }: Rewritten) => ({
          body: bytesOf(body.toString()),
          headers: { 'content-type': `application/json; charset=${charset}` },
        }),
      })
      return CHEAP_DESTINATION.with(destination =>
        withFolder(async folder => {
          const ran = await runSync(configFor(simulator, destination, folder), ['customers'])
          const rows = await withQuery(destination, query =>
            query(`select first_name from recharge.customers where first_name like 'Ren%'`),
          )
          const pages = simulator.requests.filter(({ path }) => path === '/customers').length
          return { report: ran.of('customers'), names: rows.map(row => row.first_name), pages }
        }),
      )
    })

  const storeWith = (name: string) => {
    const store = makeStore({ customers: 3, months: 1 })
    store.edit('customers', Number(store.all('customers')[0]?.id), { first_name: name })
    return store
  }

  test.each<readonly [string, (text: string) => Buffer, string]>([
    ['iso-8859-1', text => Buffer.from(text.replace(' Łódź', ''), 'latin1'), 'Renée'],
    ['"ISO-8859-1"', text => Buffer.from(text.replace(' Łódź', ''), 'latin1'), 'Renée'],
    ['utf-16le', text => Buffer.from(text, 'utf16le'), 'Renée Łódź'],
    ['UTF-8', text => Buffer.from(text), 'Renée Łódź'],
  ])('%s is honoured', async (charset, bytesOf, expected) => {
    const { report, names } = await synced(charset, bytesOf)
    expect(report).toMatchObject({ outcome: 'complete', cleaned: 0, rejected: 0, problem: null })
    expect(names).toEqual([expected])
  })

  test.each<readonly [string, (text: string) => Buffer, RegExp]>([
    ['x-unheard-of', text => Buffer.from(text), /the character set x-unheard-of is not known/],
    [
      'utf-16le',
      text => Buffer.concat([Buffer.from(text, 'utf16le'), Buffer.from([0])]),
      /utf-16le is not that of the body/,
    ],
  ])(
    '%s that does not fit: the page is requested again, and then the stream fails',
    async (charset, bytesOf, message) => {
      const { report, names, pages } = await synced(charset, bytesOf)
      expect(report).toMatchObject({ outcome: 'failed', added: 0 })
      expect(pages).toBe(8)
      expect(report.problem).toMatchObject({ code: 'truncated', message: expect.stringMatching(message) })
      expect(names).toEqual([])
    },
  )
})

describe('K6/27: the level of the bucket', () => {
  const { signal } = new AbortController()
  /** Milliseconds that the next request waits after an answer with this header, and the bucket then. */
  async function afterHeader(header: string): Promise<{ waitedMs: number; bucket: number }> {
    let ms = 1000
    const sleep = async (by: number): Promise<void> => {
      ms += by
    }
    const rateLimit = createRateLimit({ tier: STANDARD, budget: 1, monotonic: () => ms, sleep })
    const { ticket } = await rateLimit.acquire(signal)
    rateLimit.observe(ticket, header)
    const { waitedMs } = await rateLimit.acquire(signal)
    return { waitedMs, bucket: rateLimit.tier.bucket }
  }

  test.each(['100000/40', `${'9'.repeat(400)}/40`, '41/40'])('%s waits no longer than a full bucket', async header => {
    const { waitedMs } = await afterHeader(header)
    expect(waitedMs).toBeGreaterThan(0)
    expect(waitedMs).toBe((await afterHeader('40/40')).waitedMs)
  })

  test.each(['3/0', '3/-40', '-3/40', '3/1000000000', `3/${'9'.repeat(400)}`, '100000/1000000000', '3/NaN', '3/4e1'])(
    '%s is not believed',
    async header => expect(await afterHeader(header)).toEqual({ waitedMs: 0, bucket: 40 }),
  )

  test.each([1, 40, 80, 3960])('a bucket of %i is believed', async bucket => {
    expect((await afterHeader(`1/${bucket}`)).bucket).toBe(bucket)
  })
})

describe('K6/28: a body that unfolds to gigabytes', () => {
  /** A megabyte of spaces, which JSON allows between its values. */
  const MEGABYTE = gzipSync(Buffer.alloc(1024 * 1024, ' '))
  /** Members of gzip follow one another. */
  const bomb = (megabytes: number): Buffer => Buffer.concat(Array.from({ length: megabytes }, () => MEGABYTE))
  const GZIP = { 'content-encoding': 'gzip' }

  test('it is requested again with smaller pages, then the stream fails, and the memory stays bounded', async () => {
    const limits: (string | null)[] = []
    const body = bomb(3000)
    let peak = 0
    const before = process.memoryUsage().arrayBuffers
    const failure = await failureOf('the token', (request, response) => {
      limits.push(new URL(request.url ?? '', 'http://a').searchParams.get('limit'))
      peak = Math.max(peak, process.memoryUsage().arrayBuffers)
      response.writeHead(200, GZIP).end(body)
    })
    expect(failure).toMatchObject({ code: 'too_large', message: expect.stringContaining('more than 64 MB') })
    expect(limits).toEqual(['250', '250', '100', '100', '50', '50', '50', '50'])
    expect(Math.max(peak, process.memoryUsage().arrayBuffers) - before).toBeLessThan(6 * MOST_BYTES)
  })

  test('an error with such a body keeps its own meaning', async () => {
    const body = bomb(100)
    const failure = await failureOf('the token', (_, response) => void response.writeHead(404, GZIP).end(body))
    expect(failure).toMatchObject({ kind: 'missing' })
  })

  test('a body just below the bound is read', async () => {
    const json = '{"customers":[],"next_cursor":null}'
    const spaces = Buffer.alloc(MOST_BYTES - json.length, ' ')
    const body = gzipSync(Buffer.concat([Buffer.from(json), spaces]))
    await whileListening(
      createServer((_, response) => void response.writeHead(200, GZIP).end(body)),
      async port => {
        const baseUrl = `http://127.0.0.1:${port}`
        const { signal } = new AbortController()
        const options = { token: 'the token', timeoutMs: 60_000, concurrency: 1, proxy: null, monotonic: () => 0 }
        const get = createGet({ baseUrl, ...options })
        const answer = await get(new URL('/customers', baseUrl), '2021-11', signal, () => {})
        expect(answer.body.length).toBe(MOST_BYTES)
        expect(answer.body.subarray(0, json.length).toString()).toBe(json)
      },
    )
  })
})
