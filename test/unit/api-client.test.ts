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
    concurrency: 1,
    tier: { bucket: 40, perSecond: 2 },
    budget: 1,
    now: () => Date.now(),
    monotonic,
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    random: () => 0,
  })
const requestStats = () => ({ requests: 0, retries: 0, throttled: 0, waitedMs: 0, warnings: [] })
const { signal } = new AbortController()
/** Milliseconds that a body takes to decode. */
const OWN = 300

test("the latency is the API's: what decoding a body takes here is not in it, and holds no place in the queue", async () => {
  await withSimulator({}, async simulator => {
    const api = clientOf(simulator.url, simulator.token)
    let asked = false
    const decode = async (bytes: Buffer): Promise<unknown> => {
      // One request at a time is allowed: this one has left its place, or the next would never be answered.
      await api.send({ url: () => api.at('/orders'), version: '2021-11' }, requestStats(), signal)
      asked = true
      await new Promise(resolve => setTimeout(resolve, OWN))
      return JSON.parse(bytes.toString())
    }
    const began = monotonic()
    const request = { url: () => api.at('/customers'), version: '2021-11' } as const
    await readBody(api, request, decode, requestStats(), signal)
    expect(asked).toBe(true)
    expect(api.latencyMs()).toBeGreaterThan(0)
    expect(api.latencyMs()).toBeLessThanOrEqual(monotonic() - began - OWN)
  })
})

test('every request names its version and its sender, and carries the token', async () => {
  let seen: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    seen = request.headers
    response.end('{"charges":[]}')
  })
  await whileListening(server, async port => {
    const api = clientOf(`http://127.0.0.1:${port}`, 'the token')
    const request = { url: () => api.at('/charges'), version: '2021-01' } as const
    expect((await api.send(request, requestStats(), signal)).body.toString()).toBe('{"charges":[]}')
    expect(seen).toMatchObject({
      'x-recharge-access-token': 'the token',
      'x-recharge-version': '2021-01',
      'user-agent': 'recharge-sync',
      accept: 'application/json',
    })
  })
})
