import { expect, test } from 'vitest'
import { createRequests } from '../../src/extract/request.ts'
import { withSimulator } from '../support/run.ts'

test("the latency is the API's: what reading a body takes here is not in it", async () => {
  await withSimulator({}, async simulator => {
    const monotonic = (): number => performance.now()
    const requests = createRequests({
      baseUrl: simulator.url,
      token: simulator.token,
      timeoutMs: 10_000,
      concurrency: 1,
      tier: { bucket: 40, perSecond: 2 },
      budget: 1,
      now: () => Date.now(),
      monotonic,
      sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
      random: () => 0,
    })
    let own = 0
    const readBody = async (bytes: Buffer): Promise<Record<string, unknown>> => {
      const began = monotonic()
      await new Promise(resolve => setTimeout(resolve, 300))
      own = monotonic() - began
      return JSON.parse(bytes.toString())
    }
    const ask = { url: () => requests.at('/customers'), version: '2021-11', list: 'customers', readBody } as const
    const traffic = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, remarks: [] }
    const began = monotonic()
    await requests.send(ask, traffic, new AbortController().signal)
    expect(own).toBeGreaterThan(0)
    expect(requests.latencyMs()).toBeGreaterThan(0)
    expect(requests.latencyMs()).toBeLessThanOrEqual(monotonic() - began - own)
  })
})
