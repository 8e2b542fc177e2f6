import pLimit from 'p-limit'
import { ContractError, SourceError } from '../common/errors.ts'
import { fromMillis, later } from '../common/instant.ts'
import type { Instant, RequestStats } from '../common/model.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { type Answer, createGet } from './http-client.ts'
import { createRateLimit, type RateLimit, type Tier } from './rate-limit.ts'
import { type Failed, PATIENCE, retryRequest, type Sleep, waitAfter } from './retry.ts'

export interface ApiClientOptions {
  readonly baseUrl: string
  readonly token: string
  readonly timeoutMs: number
  /** Requests in flight at most. */
  readonly concurrency: number
  readonly tier: Tier
  readonly budget: number
  readonly patience?: { readonly firstWaitMs: number; readonly tries: number }
  /** Milliseconds since 1970; used until the API has shown its own clock. */
  readonly now: () => number
  readonly monotonic: () => number
  readonly sleep: Sleep
  readonly random: () => number
}

/** What to ask for; `url` may ask for less when larger answers have failed. */
export interface ApiRequest {
  readonly url: (failed: Failed) => URL
  readonly version: ApiVersion
}

export interface ApiAnswer extends Answer {
  /** What failed before it came. */
  readonly failed: Failed
}

/** Rate-limited and retried: what the rest of `extract` uses to talk to the API. */
export interface ApiClient {
  /** The address of a path such as `/charges`. */
  at(path: string): URL
  readonly rateLimit: RateLimit
  /** @param failed what has failed already in getting this answer; default: nothing. */
  send(request: ApiRequest, requestStats: RequestStats, signal: AbortSignal, failed?: Failed): Promise<ApiAnswer>
  /** Waits before an answer is asked for again that came and is of no use. @throws `error` where that is no help. */
  waitAfter(error: unknown, failed: Failed, requestStats: RequestStats, signal: AbortSignal): Promise<Failed>
  /** The latest time that the API has named; never ahead of the API's clock. */
  clock(): Instant
  /** How long an answer takes of late, until its last byte, in milliseconds. */
  latencyMs(): number
}

/** Weight of the newest answer in the latency. */
const NEWEST = 0.2

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { tier, budget, monotonic, sleep, random } = options
  const rateLimit = createRateLimit({ tier, budget, monotonic, sleep })
  const inFlight = pLimit(options.concurrency)
  const get = createGet(options)
  let latest: Instant | null = null
  let latencyMs: number | null = null

  const hear = (headers: Headers): void => {
    const millis = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(millis)) return
    const named = fromMillis(millis)
    latest = latest === null ? named : later(latest, named)
  }

  const patience = { sleep, random, ...PATIENCE, ...options.patience }
  return {
    at: path => new URL(options.baseUrl.replace(/\/+$/, '') + path),
    rateLimit,
    clock: () => latest ?? fromMillis(options.now()),
    latencyMs: () => latencyMs ?? 0,
    waitAfter: (error, failed, requestStats, signal) => waitAfter(error, failed, patience, requestStats, signal),
    async send({ url, version }, requestStats, signal, before) {
      const attempt = (failed: Failed): Promise<Answer> =>
        inFlight(async () => {
          const { waitedMs, ticket } = await rateLimit.take(signal)
          requestStats.waitedMs += waitedMs
          requestStats.requests += 1
          try {
            const answer = await get(url(failed), version, signal, headers => {
              hear(headers)
              rateLimit.heard(ticket, headers.get('x-recharge-limit'))
            })
            const { tookMs } = answer
            latencyMs = latencyMs === null ? tookMs : latencyMs + NEWEST * (tookMs - latencyMs)
            return answer
          } catch (error) {
            if (error instanceof SourceError && error.kind === 'throttled') rateLimit.overflowed()
            throw error
          } finally {
            rateLimit.heard(ticket, null)
          }
        })
      const { value: answer, failed } = await retryRequest(attempt, patience, requestStats, signal, before)
      refuseOtherVersion(answer.headers, version)
      return { ...answer, failed }
    },
  }
}

/** A 200 is not yet an answer: it may come from another API version. */
function refuseOtherVersion(headers: Headers, version: ApiVersion): void {
  const echo = headers.get('x-recharge-version')
  if (echo !== null && echo !== version)
    throw new ContractError(
      'stream_contract',
      `asked for API version ${version}, the answer is of ${echo}`,
      'Its shapes differ, so nothing was loaded. Look for a proxy that changes the X-Recharge-Version header.',
    )
}
