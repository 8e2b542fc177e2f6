import { createServer } from 'node:http'
import { createServer as overTls } from 'node:https'
import { describe, expect, test } from 'vitest'
import { SourceError } from '../../src/common/errors.ts'
import { createGet } from '../../src/extract/http-client.ts'
import { whileListening } from '../support/listening.ts'
import { type ProxyBehaviour, withProxy } from '../support/proxy.ts'
import { LOCALHOST, whileTrusted } from '../support/tls.ts'

const BODY = '{"charges":[]}'
const { signal } = new AbortController()
const PASSWORD = 'open sesame/é'
const CREDENTIALS = `me:${PASSWORD}`

/** A client that requests `/charges` and returns the body. */
function clientOf(baseUrl: string, proxy: URL | null, timeoutMs = 60_000): () => Promise<string> {
  const get = createGet({ baseUrl, token: 'the token', timeoutMs, concurrency: 1, proxy, monotonic: () => 0 })
  return async () => (await get(new URL('/charges', baseUrl), '2021-11', signal, () => {})).body.toString()
}

/** One request by a client of its own. */
const body = (...options: Parameters<typeof clientOf>): Promise<string> => clientOf(...options)()

const failure = (...options: Parameters<typeof clientOf>): Promise<unknown> =>
  body(...options).then(
    () => null,
    error => error,
  )

/** The proxy's address as an operator writes it: the credentials are percent-encoded. */
const withCredentials = ({ host }: URL): URL =>
  new URL(`http://${CREDENTIALS.split(':').map(encodeURIComponent).join(':')}@${host}`)

interface Api {
  readonly url: string
  /** What the proxy shows of a request to it. */
  readonly request: string
}

const APIS: readonly (readonly [string, (work: (api: Api) => Promise<void>) => Promise<void>])[] = [
  [
    'http:',
    work =>
      whileListening(
        createServer((_, response) => void response.end(BODY)),
        port => work({ url: `http://127.0.0.1:${port}`, request: `GET http://127.0.0.1:${port}/charges` }),
      ),
  ],
  [
    'https:',
    work =>
      whileTrusted(() =>
        whileListening(
          overTls(LOCALHOST, (_, response) => void response.end(BODY)),
          port => work({ url: `https://localhost:${port}`, request: `CONNECT localhost:${port}` }),
        ),
      ),
  ],
]

describe.each(APIS)('%s through a proxy', (_protocol, withApi) => {
  const through = (
    behaviour: ProxyBehaviour,
    work: (api: Api, proxy: URL, requests: readonly string[]) => Promise<void>,
  ) => withApi(api => withProxy(behaviour, ({ url, requests }) => work(api, withCredentials(url), requests)))

  test('the request reaches the API, with credentials and without', async () => {
    await through({ credentials: CREDENTIALS }, async (api, proxy, requests) => {
      expect(await body(api.url, proxy)).toBe(BODY)
      expect(requests).toEqual([api.request])
    })
    await withApi(api =>
      withProxy({}, async ({ url, requests }) => {
        expect(await body(api.url, url)).toBe(BODY)
        expect(requests).toEqual([api.request])
      }),
    )
  })

  test('a proxy that demands other credentials stops the run; the error names the proxy, not the password', async () => {
    await through({ credentials: 'you:word' }, async (api, proxy) => {
      const error = await failure(api.url, proxy)
      expect(error).toMatchObject({ kind: 'proxy', reaction: 'stop' })
      const { message, next } = error as SourceError
      expect(message).toContain(`GET /charges through the proxy ${proxy.host}: `)
      expect(message).toContain('407')
      expect(next).toBe('Check the user and the password in HTTPS_PROXY or HTTP_PROXY.')
      expect(message + next).not.toMatch(/sesame/)
    })
  })

  test('a proxy that closes the connection, and one that does not run, may do better later', async () => {
    let gone: URL | undefined
    await through({ refusal: 'close' }, async (api, proxy) => {
      gone = proxy
      expectUnavailable(await failure(api.url, proxy), proxy, /closed|reset/i)
    })
    await withApi(async api => expectUnavailable(await failure(api.url, gone ?? null), gone, /ECONNREFUSED/))
  })

  test('a proxy that never answers is a timeout', async () => {
    await through({ refusal: 'hang' }, async (api, proxy) => {
      const error = await failure(api.url, proxy, 50)
      expect(error).toMatchObject({ kind: 'timeout' })
      expect((error as SourceError).message).toBe(
        `GET /charges through the proxy ${proxy.host}: no answer within 0.05 s`,
      )
    })
  })
})

function expectUnavailable(error: unknown, proxy: URL | undefined, why: RegExp): void {
  expect(error).toBeInstanceOf(SourceError)
  expect(error).toMatchObject({ kind: expect.stringMatching(/^(unavailable|unreached)$/), reaction: 'retry' })
  const { message, next } = error as SourceError
  expect(message).toContain(`GET /charges through the proxy ${proxy?.host}: `)
  expect(message).toMatch(why)
  expect(next).toContain('Check that the proxy in HTTPS_PROXY or HTTP_PROXY runs')
  expect(message).not.toMatch(/sesame/)
}

test.each([
  [403, { kind: 'proxy', reaction: 'stop' }],
  [503, { kind: 'unavailable', reaction: 'retry' }],
])('a proxy that answers %i to CONNECT', async (status, expected) => {
  await withProxy({ refusal: status }, async ({ url }) => {
    const error = await failure('https://localhost:1', url)
    expect(error).toMatchObject(expected)
    expect((error as SourceError).message).toMatch(new RegExp(`through the proxy ${url.host}: .*${status}`))
  })
})

test('a CONNECT that the proxy never answers does not keep its connection from later requests', async () => {
  await whileTrusted(() =>
    whileListening(
      overTls(LOCALHOST, (_, response) => void response.end(BODY)),
      port =>
        withProxy({ refusal: 'hang', times: 1 }, async ({ url }) => {
          const request = clientOf(`https://localhost:${port}`, url, 500)
          await expect(request()).rejects.toMatchObject({ kind: 'timeout' })
          const retry = (): Promise<string> => request().catch(retry)
          expect(await retry()).toBe(BODY)
        }),
    ),
  )
})

test('without a proxy an error says nothing of one', async () => {
  let port = 0
  await whileListening(createServer(), async freed => {
    port = freed
  })
  const error = await failure(`http://localhost:${port}`, null)
  expect(error).toMatchObject({ kind: 'unreached' })
  const { message, next } = error as SourceError
  expect(message).toMatch(/^GET \/charges: .*connect ECONNREFUSED/)
  expect(message + next).not.toMatch(/proxy/i)
})

test('an address that is not the API gets no request', async () => {
  const get = createGet({
    baseUrl: 'http://127.0.0.1:1',
    token: 'the token',
    timeoutMs: 60_000,
    concurrency: 1,
    proxy: null,
    monotonic: () => 0,
  })
  await expect(get(new URL('http://localhost:1/charges'), '2021-11', signal, () => {})).rejects.toMatchObject({
    kind: 'refused',
    message: 'http://localhost:1 is not the API, so the token is not sent there',
  })
})
