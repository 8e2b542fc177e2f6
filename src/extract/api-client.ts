import pLimit from 'p-limit'
import { ContractError, SourceError } from '../common/errors.ts'
import { fromMillis, later } from '../common/instant.ts'
import type { Instant, RequestStats } from '../common/model.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { type Answer, createGet } from './http-client.ts'
import { createRateLimit, type RateLimit, type Tier } from './rate-limit.ts'
import { type Failures, PATIENCE, retryRequest, type Sleep, waitAfter } from './retry.ts'

export interface ApiClientOptions {
  readonly baseUrl: string
  readonly token: string
  /** For one request, without its retries. */
  readonly timeoutMs: number
  /** Requests in flight at most. */
  readonly concurrency: number
  /** The proxy that requests go through; null: they go to the API directly. */
  readonly proxy: URL | null
  readonly tier: Tier
  /** Share of the rate to use, 0 to 1. */
  readonly budget: number
  readonly patience?: { readonly firstWaitMs: number; readonly tries: number }
  /** Milliseconds since 1970; used until a response has shown the API's clock. */
  readonly now: () => number
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  readonly sleep: Sleep
  /** 0 to 1. */
  readonly random: () => number
}

/** One request. `url` may request a smaller page after failures. */
export interface ApiRequest {
  readonly url: (failures: Failures) => URL
  readonly version: ApiVersion
}

export interface ApiAnswer extends Answer {
  /** The failures before it. */
  readonly failures: Failures
}

/** Sends requests within the rate limit and retries them. The rest of `extract` reaches the API only through it. */
export interface ApiClient {
  /** The URL of a path such as `/charges`. */
  urlOf(path: string): URL
  readonly rateLimit: RateLimit
  /**
   * @param failures of this request so far; default: none.
   * @throws {SourceError | ContractError | Interrupted}
   */
  send(request: ApiRequest, requestStats: RequestStats, signal: AbortSignal, failures?: Failures): Promise<ApiAnswer>
  /**
   * Waits before a request is sent again because its body could not be used.
   * @throws `error` itself if waiting does not help.
   */
  waitAfter(error: unknown, failures: Failures, requestStats: RequestStats, signal: AbortSignal): Promise<Failures>
  /** The latest `Date` header of a response; never ahead of the API's clock. */
  clock(): Instant
  /** Moving average of the time from a request to the end of its body, in milliseconds; 0 before the first response. */
  latencyMs(): number
}

/** Weight of the newest response in the moving average of the latency. */
const NEWEST_WEIGHT = 0.2

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { tier, budget, monotonic, sleep, random } = options
  const rateLimit = createRateLimit({ tier, budget, monotonic, sleep })
  const inFlight = pLimit(options.concurrency)
  const get = createGet(options)
  let latest: Instant | null = null
  let latencyMs: number | null = null

  const updateClock = (headers: Headers): void => {
    const millis = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(millis)) return
    const date = fromMillis(millis)
    latest = latest === null ? date : later(latest, date)
  }

  const patience = { sleep, random, ...PATIENCE, ...options.patience }
  return {
    urlOf: path => new URL(options.baseUrl.replace(/\/+$/, '') + path),
    rateLimit,
    clock: () => latest ?? fromMillis(options.now()),
    latencyMs: () => latencyMs ?? 0,
    waitAfter: (error, failures, requestStats, signal) => waitAfter(error, failures, patience, requestStats, signal),
    async send({ url, version }, requestStats, signal, before) {
      const attempt = (failures: Failures): Promise<Answer> =>
        inFlight(async () => {
          const { waitedMs, ticket } = await rateLimit.acquire(signal)
          requestStats.waitedMs += waitedMs
          requestStats.requests += 1
          try {
            const answer = await get(url(failures), version, signal, headers => {
              updateClock(headers)
              rateLimit.observe(ticket, headers.get('x-recharge-limit'))
            })
            const { tookMs } = answer
            latencyMs = latencyMs === null ? tookMs : latencyMs + NEWEST_WEIGHT * (tookMs - latencyMs)
            return answer
          } catch (error) {
            if (error instanceof SourceError && error.kind === 'throttled') rateLimit.onThrottled()
            throw error
          } finally {
            rateLimit.observe(ticket, null)
          }
        })
      const { value: answer, failures } = await retryRequest(attempt, patience, requestStats, signal, before)
      refuseOtherVersion(answer.headers, version)
      return { ...answer, failures }
    },
  }
}

/** @throws {ContractError} if a 200 comes from another API version. */
function refuseOtherVersion(headers: Headers, version: ApiVersion): void {
  const echo = headers.get('x-recharge-version')
  if (echo !== null && echo !== version)
    throw new ContractError(
      'stream_contract',
      `API version ${version} was requested, but the response is of ${echo}`,
      'Its records differ, so nothing was loaded. Look for a proxy that changes the X-Recharge-Version header.',
    )
}
