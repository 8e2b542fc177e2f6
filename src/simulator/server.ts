import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Faults, type RequestSeen } from './faults.ts'
import { endpointOf, type Fixture, recordsOf } from './fixture.ts'
import { CLIENT, type Client, READ_SCOPES } from './serve/access.ts'
import { type Answer, type Page, Refusal } from './serve/answer.ts'
import { applyFault } from './serve/apply-fault.ts'
import { Bucket } from './serve/bucket.ts'
import { send } from './serve/delivery.ts'
import type { Version } from './serve/endpoint.ts'
import type { Ending } from './serve/list.ts'
import { answer, type IncludeDeleted, type Shopfront } from './serve/route.ts'
import { SHOP } from './serve/shop.ts'
import { TRADE } from './serve/trade.ts'
import type { Store } from './store.ts'
import { makeStore } from './story.ts'

export const SIMULATOR_TOKEN = 'sk_1x1_made_up_token_of_an_invented_store'

export interface SimulatorOptions {
  readonly store?: Store
  /** Streams that the story makes no records of. */
  readonly fixtures?: readonly Fixture[]
  readonly token?: string
  readonly scopes?: readonly string[]
  /** The standard plan answers 403 for bundle selections, credits and payment methods. */
  readonly plan?: 'pro' | 'standard'
  readonly bucket?: number
  readonly perSecond?: number
  readonly latencyMs?: number | (() => number)
  /** Seconds to name in Retry-After when the bucket overflows; whether Recharge sends it is not known [unknown]. */
  readonly retryAfter?: number
  readonly wrappedTokenInformation?: boolean
  /** Owner of the token. */
  readonly client?: Client
  /** Whether the counts of charges leave out what the 90-day wall hides. */
  readonly wallHidesCounts?: boolean
  /** Reads the times of filters as US Eastern wall time, whatever offset they carry. Whether Recharge does is not known [unknown]. */
  readonly easternFilters?: boolean
  /**
   * What becomes of `include_deleted`. Default: deleted payment methods are listed. Whether the admin API knows the parameter
   * is not known [unknown].
   */
  readonly includeDeleted?: IncludeDeleted
  /** How a list shows its end. Default: a pointer that is null. */
  readonly ending?: Ending
  readonly port?: number
}

export interface Simulator extends AsyncDisposable {
  readonly url: string
  readonly token: string
  readonly store: Store
  readonly requests: readonly RequestSeen[]
  readonly faults: Faults
  clearRequests(): void
  close(): Promise<void>
}

type Mutable = { -readonly [key in keyof RequestSeen]: RequestSeen[key] }

/** Serves a store on loopback, over real HTTP. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const store = options.store ?? makeStore()
  const token = options.token ?? SIMULATOR_TOKEN
  const fixtures = options.fixtures ?? []
  for (const fixture of fixtures) store.declare(fixture.stream.name, recordsOf(fixture, store))
  const front: Shopfront = {
    store,
    endpoints: [...TRADE, ...SHOP, ...fixtures.map(endpointOf)],
    scopes: options.scopes ?? [...READ_SCOPES, ...fixtures.flatMap(({ stream }) => stream.scopes.slice(0, 1))],
    plan: options.plan ?? 'pro',
    wrappedTokenInformation: options.wrappedTokenInformation ?? true,
    client: options.client ?? CLIENT,
    wallHidesCounts: options.wallHidesCounts ?? false,
    easternFilters: options.easternFilters ?? false,
    includeDeleted: options.includeDeleted ?? 'served',
    ending: options.ending ?? 'null',
  }
  const bucket = new Bucket(options.bucket ?? 40, options.perSecond ?? 2)
  const faults = new Faults()
  const requests: Mutable[] = []
  const lastPages = new Map<string, Page>()
  let received = 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://loopback')
    const defaultVersion = String(store.all('store')[0]?.default_api_version ?? '2021-01')
    const version = headerOf(request, 'x-recharge-version') ?? defaultVersion
    const seen: Mutable = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      version,
      status: 0,
      records: 0,
      at: performance.now(),
    }
    requests.push(seen)
    received += 1
    const delivery = {
      response,
      version,
      requestId: received.toString(16).padStart(32, '0'),
      bucket,
      store,
      origin: origin(),
    }
    const admitted = headerOf(request, 'x-recharge-access-token') === token
    if (!admitted) return void send(delivery, refused(401, { error: 'bad authentication' }), undefined, seen)
    if (!bucket.take()) {
      const headers = options.retryAfter === undefined ? {} : { 'retry-after': String(options.retryAfter) }
      return void send(delivery, { ...refused(429, { warning: 'too many requests' }), headers }, undefined, seen)
    }
    await faults.runHooks(seen)
    const latency = typeof options.latencyMs === 'function' ? options.latencyMs() : (options.latencyMs ?? 0)
    if (latency > 0) await wait(latency)
    const correct = work(seen, url.searchParams)
    const fault = faults.take(seen)
    const given = fault ? applyFault(correct, fault, seen, lastPages.get(seen.path)) : correct
    if (given.page) lastPages.set(seen.path, given.page)
    send(delivery, given, fault, seen)
  }

  function work(seen: RequestSeen, query: URLSearchParams): Answer {
    try {
      if (seen.version !== '2021-01' && seen.version !== '2021-11')
        return refused(426, { errors: 'Unknown API version' })
      if (seen.method !== 'GET') return refused(405, { errors: 'Method Not Allowed' })
      return answer(front, { path: seen.path, query, version: seen.version satisfies Version })
    } catch (error) {
      if (error instanceof Refusal) return error.answer
      throw error
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(error => {
      // An error in the simulator or in a test's hook must not look like an empty store or like a known fault.
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`simulator: ${error?.stack ?? error}`)
    })
  })
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo | null)?.port}`
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const close = async () => {
    if (!server.listening) return
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  return {
    url: origin(),
    token,
    store,
    requests,
    faults,
    clearRequests: () => void requests.splice(0),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const refused = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) })

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
