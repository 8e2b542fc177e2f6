import { createServer, type IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { type ApiClient, createApiClient } from '../../src/extract/api-client.ts'
import { readBody } from '../../src/extract/read-body.ts'
import { whileListening } from '../support/listening.ts'
import { withSimulator } from '../support/run.ts'

const monotonic = (): number => performance.now()
const clientOf = (baseUrl: string, token: string): ApiClient =>
  createApiClient({
    baseUrl,
    token,
    timeoutMs: 10_000,
    patienceMs: 1_500,
    concurrency: 1,
    proxy: null,
    tier: { bucket: 40, perSecond: 2 },
    budget: 1,
    now: () => Date.now(),
    monotonic,
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    random: () => 0,
  })
const requestStats = () => ({ requests: 0, retries: 0, throttled: 0, waitedMs: 0, readAgain: 0, warnings: [] })
const { signal } = new AbortController()
/** Milliseconds that decoding takes. */
const DECODING_MS = 300

test('the latency is that of the API: decoding a body does not count, and does not delay the next request', async () => {
  await withSimulator({}, async simulator => {
    const api = clientOf(simulator.url, simulator.token)
    let sentAnother = false
    const decode = async (bytes: Buffer): Promise<unknown> => {
      // Only one request may be in flight. If decoding still counted as one, this request would never be sent.
      await api.send({ url: () => api.urlOf('/orders'), version: '2021-11' }, requestStats(), signal)
      sentAnother = true
      await new Promise(resolve => setTimeout(resolve, DECODING_MS))
      return JSON.parse(bytes.toString())
    }
    const start = monotonic()
    const request = { url: () => api.urlOf('/customers'), version: '2021-11' } as const
    await readBody(api, request, decode, requestStats(), signal)
    expect(sentAnother).toBe(true)
    expect(api.latencyMs()).toBeGreaterThan(0)
    expect(api.latencyMs()).toBeLessThanOrEqual(monotonic() - start - DECODING_MS)
  })
})

test('every request carries the token, the API version and the name of this program', async () => {
  let seen: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    seen = request.headers
    response.end('{"charges":[]}')
  })
  await whileListening(server, async port => {
    const api = clientOf(`http://127.0.0.1:${port}`, 'the token')
    const request = { url: () => api.urlOf('/charges'), version: '2021-01' } as const
    expect((await api.send(request, requestStats(), signal)).body.toString()).toBe('{"charges":[]}')
    expect(seen).toMatchObject({
      'x-recharge-access-token': 'the token',
      'x-recharge-version': '2021-01',
      'user-agent': 'recharge-sync',
      accept: 'application/json',
    })
  })
})
