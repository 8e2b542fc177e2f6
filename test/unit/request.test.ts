import { createServer, type IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { createApiClient, type ApiClient } from '../../src/extract/api-client.ts'
import { whileListening } from '../support/listening.ts'
import { withSimulator } from '../support/run.ts'

const monotonic = (): number => performance.now()
const requestsTo = (baseUrl: string, token: string): ApiClient =>
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

test("the latency is the API's: what reading a body takes here is not in it", async () => {
  await withSimulator({}, async simulator => {
    const requests = requestsTo(simulator.url, simulator.token)
    let own = 0
    const readBody = async (bytes: Buffer): Promise<Record<string, unknown>> => {
      const began = monotonic()
      await new Promise(resolve => setTimeout(resolve, 300))
      own = monotonic() - began
      return JSON.parse(bytes.toString())
    }
    const ask = { url: () => requests.at('/customers'), version: '2021-11', list: 'customers', readBody } as const
    const began = monotonic()
    await requests.send(ask, requestStats(), signal)
    expect(own).toBeGreaterThan(0)
    expect(requests.latencyMs()).toBeGreaterThan(0)
    expect(requests.latencyMs()).toBeLessThanOrEqual(monotonic() - began - own)
  })
})

test('every request names its version and its sender, and carries the token', async () => {
  let seen: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    seen = request.headers
    response.end('{"charges":[]}')
  })
  await whileListening(server, async port => {
    const requests = requestsTo(`http://127.0.0.1:${port}`, 'the token')
    const ask = { url: () => requests.at('/charges'), version: '2021-01', list: 'charges' } as const
    expect((await requests.send(ask, requestStats(), signal)).body).toEqual({ charges: [] })
    expect(seen).toMatchObject({
      'x-recharge-access-token': 'the token',
      'x-recharge-version': '2021-01',
      'user-agent': 'recharge-sync',
      accept: 'application/json',
    })
  })
})
