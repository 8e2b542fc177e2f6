import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Interrupted, SourceError } from '../../src/common/errors.ts'
import type { RequestStats } from '../../src/common/model.ts'
import { createGet } from '../../src/extract/http-client.ts'
import { createTokenCheck } from '../../src/extract/token-check.ts'
import type { Fault } from '../../src/simulator/faults.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { CHEAP_DESTINATION, withFolder } from '../support/destinations.ts'
import { whileListening } from '../support/listening.ts'
import { configFor, makeStore, type Ran, runSync, withSimulator } from '../support/run.ts'

const ALWAYS = Number.POSITIVE_INFINITY
const HTML = '<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>'

interface Refusal {
  readonly status: number
  readonly body: string
  readonly headers?: Record<string, string>
  readonly expected: object
}

/** Statuses, and what a user is told about them. */
const REFUSALS: readonly Refusal[] = [
  ...[
    { errors: 'Your API token is missing the scope read_orders' },
    { error: 'forbidden' },
    { warning: 'no' },
    { errors: { scope: ['missing'] } },
  ].map(body => ({ status: 403, body: JSON.stringify(body), expected: { kind: 'forbidden', reaction: 'skip' } })),
  ...[HTML, '', 'Access denied', '{"message":"Forbidden"}', '{"errors":null}', '[]', 'null', '{"errors":"cut off'].map(
    body => ({
      status: 403,
      body,
      expected: { kind: 'blocked', reaction: 'fail', next: expect.stringMatching(/proxy, the firewall.*IP addresses/) },
    }),
  ),
  ...['', '{"errors":"Shop is frozen"}', HTML].map(body => ({
    status: 402,
    body,
    expected: { kind: 'frozen', reaction: 'fail', message: expect.stringContaining('frozen or unpaid') },
  })),
  ...[301, 302, 303, 307, 308].map(status => ({
    status,
    body: HTML,
    headers: { location: 'https://elsewhere.example/charges' },
    expected: {
      kind: 'redirected',
      reaction: 'fail',
      message: `GET /charges: ${status} (a redirect) to https://elsewhere.example/charges`,
      next: expect.stringContaining('recharge.base_url'),
    },
  })),
  {
    status: 406,
    body: '',
    expected: {
      kind: 'not_acceptable',
      reaction: 'fail',
      message: 'GET /charges: 406 (the server offers no JSON)',
      next: expect.stringMatching(/base_url.*Accept/),
    },
  },
  { status: 415, body: '', expected: { kind: 'not_acceptable', next: expect.stringContaining('Content-Type') } },
  {
    status: 426,
    body: '{"errors":"Unknown API version"}',
    expected: {
      kind: 'version_refused',
      reaction: 'fail',
      message: 'GET /charges: 426 (the API version is refused) Unknown API version',
      next: expect.stringMatching(/X-Recharge-Version.*newer recharge-sync/),
    },
  },
]

test.each(REFUSALS)('I23: K3/10, K3/12: $status with $body says what it means and what to do', async refusal => {
  const { status, body, headers = {}, expected } = refusal
  const server = createServer((_, response) => void response.writeHead(status, headers).end(body))
  await whileListening(server, async port => {
    const baseUrl = `http://127.0.0.1:${port}`
    const get = createGet({
      baseUrl,
      token: 'the token',
      timeoutMs: 5000,
      concurrency: 1,
      proxy: null,
      monotonic: () => 0,
    })
    const { signal } = new AbortController()
    const answer = get(new URL('/charges', baseUrl), '2021-11', signal, () => {})
    await expect(answer).rejects.toMatchObject(expected)
  })
})

const STREAMS = ['customers', 'orders', 'plans', 'discounts', 'metafields', 'webhooks']

/** One run under these faults. */
async function ranUnder(
  faults: readonly Fault[],
  check: (ran: Ran, simulator: Simulator) => void,
  store = makeStore({ customers: 20, months: 2 }),
): Promise<void> {
  await withSimulator({ store }, simulator =>
    CHEAP_DESTINATION.with(destination =>
      withFolder(async folder => {
        for (const fault of faults) simulator.faults.add(fault)
        check(await runSync(configFor(simulator, destination, folder), STREAMS), simulator)
      }),
    ),
  )
}

const outcomes = (ran: Ran): Record<string, string> =>
  Object.fromEntries(
    ran.report.streams.map(({ stream, outcome, problem }) => [
      stream,
      problem ? `${outcome}: ${problem.code}` : outcome,
    ]),
  )
const COMPLETE = Object.fromEntries(STREAMS.map(name => [name, 'complete']))
const checks = ({ requests }: Simulator): number => requests.filter(({ path }) => path === '/token_information').length

test('I23: K3/10: a firewall that refuses one path, and a frozen store, fail their streams; the others are complete', async () => {
  await ranUnder(
    [
      { kind: 'status', status: 403, body: HTML, match: '/customers', times: ALWAYS },
      { kind: 'status', status: 402, body: { errors: 'frozen' }, match: '/plans', times: ALWAYS },
      { kind: 'status', status: 301, body: HTML, match: '/discounts', times: ALWAYS },
    ],
    ran => {
      expect(ran.code).toBe(1)
      expect(outcomes(ran)).toEqual({
        ...COMPLETE,
        customers: 'failed: blocked',
        plans: 'failed: frozen',
        discounts: 'failed: redirected',
      })
    },
  )
})

test('I23: K3/10: a refusal in the middle of the list of one owner fails the stream; one of its first page does not', async () => {
  const store = makeStore({ customers: 20, months: 2 })
  const [template] = store.all('metafields').filter(({ owner_resource }) => owner_resource === 'customer')
  for (let i = 0; i < 300; i++) store.insert('metafields', { ...template, id: 900_000_000 + i })
  const forbidden: Fault = { kind: 'status', status: 403, body: { errors: 'no' }, match: '/metafields', times: 1 }
  await ranUnder(
    [{ ...forbidden, match: ({ path, query }) => path === '/metafields' && 'cursor' in query }],
    ran => expect(outcomes(ran)).toEqual({ ...COMPLETE, metafields: 'failed: forbidden' }),
    store,
  )
  await ranUnder([forbidden], ran =>
    expect(outcomes(ran)).toEqual({ ...COMPLETE, metafields: 'complete: partly_forbidden' }),
  )
})

describe('K3/13: a 401 on a path', () => {
  const BAD: Fault = { kind: 'status', status: 401, body: { error: 'bad authentication' }, times: ALWAYS }

  test('if the token still works, only this stream fails', async () => {
    await ranUnder([{ ...BAD, match: '/customers' }], (ran, simulator) => {
      expect(ran.code).toBe(1)
      expect(outcomes(ran)).toEqual({ ...COMPLETE, customers: 'failed: refused_path' })
      expect(ran.of('customers').problem?.message).toContain('/token_information still accepts the token')
      expect(checks(simulator)).toBe(2)
    })
  })

  test('several streams ask for the token once', async () => {
    const paths = ['/customers', '/orders', '/plans', '/discounts']
    await ranUnder([{ ...BAD, match: ({ path }) => paths.includes(path) }], (ran, simulator) => {
      expect(outcomes(ran)).toEqual({
        ...COMPLETE,
        ...Object.fromEntries(paths.map(path => [path.slice(1), 'failed: refused_path'])),
      })
      expect(checks(simulator)).toBe(2)
    })
  })

  test('if the token is refused, the run stops', async () => {
    let seen = 0
    await ranUnder([{ ...BAD, match: () => ++seen > 2 }], (ran, simulator) => {
      expect(ran.report.problem).toMatchObject({ code: 'unauthorised' })
      expect(ran.report.outcome).toBe('failed')
      expect(checks(simulator)).toBe(2)
      expect(simulator.requests.length).toBeLessThan(10)
    })
  })
})

const requestStats = (): RequestStats => ({
  requests: 0,
  retries: 0,
  throttled: 0,
  waitedMs: 0,
  readAgain: 0,
  warnings: [],
})

test('I23: K3/13: if the stream is stopped that asks for the token, another one asks itself', async () => {
  const first = new AbortController()
  const second = new AbortController()
  let asked = 0
  const isGood = createTokenCheck(async (_, signal) => {
    asked += 1
    if (signal === second.signal) return
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Interrupted())))
  })
  const answers = [isGood(requestStats(), first.signal), isGood(requestStats(), second.signal)]
  first.abort()
  const [stopped, other] = await Promise.allSettled(answers)
  expect(stopped).toMatchObject({ status: 'rejected', reason: expect.any(Interrupted) })
  expect(other).toEqual({ status: 'fulfilled', value: true })
  expect(asked).toBe(2)
})

test('I23: K3/13: a check that fails for another reason is repeated by the next stream that needs it', async () => {
  const { signal } = new AbortController()
  const errors = [new SourceError('unavailable', 'm'), new SourceError('unauthorised', 'm')]
  const isGood = createTokenCheck(async () => {
    const error = errors.shift()
    if (error) throw error
  })
  await expect(isGood(requestStats(), signal)).rejects.toMatchObject({ kind: 'unavailable' })
  expect([await isGood(requestStats(), signal), await isGood(requestStats(), signal)]).toEqual([false, false])
})
