import pLimit from 'p-limit'
import { ContractError, type Problem, SourceError } from '../common/errors.ts'
import { fromMillis, later } from '../common/instant.ts'
import type { Instant, RequestStats } from '../common/model.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { type Answer, createGet } from './http-client.ts'
import { createBreaker, type Outage } from './outage.ts'
import { createRateLimit, type RateLimit, type Tier } from './rate-limit.ts'
import { type Failures, NO_FAILURES, PATIENCE, retryRequest, type Sleep, waitAfter } from './retry.ts'
import { safeMessages } from './safe-message.ts'
import { createTokenCheck } from './token-check.ts'

export interface ApiClientOptions {
  readonly baseUrl: string
  readonly token: string
  /** For one request, without its retries. */
  readonly timeoutMs: number
  /** Requests in flight at most; `auto`: as many as their bodies fit into memory. */
  readonly concurrency: number | 'auto'
  /** The proxy that requests go through; null: they go to the API directly. */
  readonly proxy: URL | null
  readonly tier: Tier
  /** Whether the rate is learnt from the levels that responses show. Default: it is that of the tier. */
  readonly learnsRate?: boolean
  /** Share of the rate to use, 0 to 1. */
  readonly budget: number
  readonly patience?: { readonly firstWaitMs: number; readonly tries: number }
  /** How long the host may be gone, in milliseconds. */
  readonly patienceMs: number
  /** Called once in an outage that lasts, and when it is over. Default: nobody is told. */
  readonly onOutage?: (outage: Outage) => void
  readonly onRecovery?: (lastedMs: number) => void
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
  /**
   * The latest `Date` header of an answer with status 200; never ahead of the API's clock. One that is far ahead of this
   * machine's clock is not believed.
   */
  clock(): Instant
  /** Moving average of the time from a request to the end of its body, in milliseconds; 0 before the first response. */
  latencyMs(): number
  /** The shortest such time: that of the API alone, without what a busy machine of ours adds. */
  leastLatencyMs(): number
  /** Requests in flight at most. */
  mostInFlight(): number
}

/** Says what the token may do. Every token may read it. */
export const TOKEN_PATH = '/token_information'
/** Milliseconds that an answer may be ahead of this machine's clock. */
const MOST_AHEAD = 5 * 60_000
/** Bytes of bodies that may be in flight at once. */
const BYTES_IN_FLIGHT = 128 * 1024 * 1024
/** A page of charges has about a megabyte, so no body is expected to be smaller than a part of that. */
const SMALLEST_BODY = 256 * 1024
/** Requests in flight at most, whatever their size: each has a connection. */
const MOST_IN_FLIGHT = BYTES_IN_FLIGHT / SMALLEST_BODY
/** Weight of the newest response in the moving average of the latency. */
const NEWEST_WEIGHT = 0.2

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { tier, budget, monotonic, sleep, random } = options
  const rateLimit = createRateLimit({ tier, budget, learns: options.learnsRate ?? false, monotonic, sleep })
  const { concurrency } = options
  const most = concurrency === 'auto' ? MOST_IN_FLIGHT : concurrency
  const inFlight = pLimit(most)
  const get = createGet({ ...options, concurrency: most })
  /** Bytes of the largest body so far. */
  let largest = SMALLEST_BODY
  let latest: Instant | null = null
  let latencyMs: number | null = null
  let leastLatencyMs: number | null = null
  let warnedOfClock = false
  const safe = safeMessages(options.token)
  const urlOf = (path: string): URL => new URL(options.baseUrl.replace(/\/+$/, '') + path)
  const tokenPath = urlOf(TOKEN_PATH).pathname

  /** A watermark is taken from this clock. A time in the future would hide every change until then. */
  const updateClock = (headers: Headers, requestStats: RequestStats): void => {
    const millis = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(millis)) return
    const now = options.now()
    const date = fromMillis(millis)
    if (millis <= now + MOST_AHEAD) latest = latest === null ? date : later(latest, date)
    else if (!warnedOfClock) {
      warnedOfClock = true
      requestStats.warnings.push(clockAhead(date, fromMillis(now)))
    }
  }

  const patience = { sleep, random, ...PATIENCE, ...options.patience }
  const breaker = createBreaker({
    host: new URL(options.baseUrl).host,
    patienceMs: options.patienceMs,
    firstWaitMs: patience.firstWaitMs,
    monotonic,
    sleep,
    onOutage: options.onOutage ?? (() => {}),
    onRecovery: options.onRecovery ?? (() => {}),
  })
  const sendRetried = (
    { url, version }: ApiRequest,
    requestStats: RequestStats,
    signal: AbortSignal,
    before?: Failures,
  ): Promise<{ readonly value: Answer; readonly failures: Failures }> => {
    const attempt = (failures: Failures): Promise<Answer> => breaker.run(() => sendOnce(failures), signal)
    const sendOnce = (failures: Failures): Promise<Answer> =>
      inFlight(async () => {
        const { waitedMs, ticket } = await rateLimit.acquire(signal)
        requestStats.waitedMs += waitedMs
        requestStats.requests += 1
        let shown = false
        try {
          const target = url(failures)
          const answer = await get(target, version, signal, (status, headers) => {
            shown = true
            if (status === 200) updateClock(headers, requestStats)
            rateLimit.observe(ticket, headers.get('x-recharge-limit'))
          })
          const { tookMs, body } = answer
          largest = Math.max(largest, body.length)
          leastLatencyMs = Math.min(leastLatencyMs ?? tookMs, tookMs)
          latencyMs = latencyMs === null ? tookMs : latencyMs + NEWEST_WEIGHT * (tookMs - latencyMs)
          return answer
        } catch (error) {
          if (error instanceof SourceError && error.kind === 'throttled') rateLimit.onLost('throttled')
          else if (!shown) rateLimit.onLost('no_answer')
          throw error
        } finally {
          rateLimit.observe(ticket, null)
        }
      })
    return retryRequest(attempt, patience, requestStats, signal, before)
  }

  const isTokenGood = createTokenCheck(async (requestStats, signal) => {
    const request: ApiRequest = { url: () => urlOf(TOKEN_PATH), version: '2021-11' }
    const { value } = await sendRetried(request, requestStats, signal)
    value.release()
  })
  /** A 401 for one path does not mean that the token is refused everywhere. @returns the error that the 401 means. */
  const judge = async (
    error: unknown,
    { url }: ApiRequest,
    requestStats: RequestStats,
    signal: AbortSignal,
  ): Promise<unknown> => {
    if (!(error instanceof SourceError) || error.kind !== 'unauthorised') return error
    if (url(NO_FAILURES).pathname === tokenPath || !(await isTokenGood(requestStats, signal))) return error
    return new SourceError('refused_path', `${error.message}, though ${TOKEN_PATH} still accepts the token`, {
      cause: error,
    })
  }

  return {
    urlOf,
    rateLimit,
    clock: () => latest ?? fromMillis(options.now()),
    latencyMs: () => latencyMs ?? 0,
    leastLatencyMs: () => leastLatencyMs ?? 0,
    mostInFlight: () => (concurrency === 'auto' ? Math.max(1, Math.floor(BYTES_IN_FLIGHT / largest)) : concurrency),
    waitAfter: (error, failures, requestStats, signal) =>
      waitAfter(safe(error), failures, patience, requestStats, signal),
    async send(request, requestStats, signal, before) {
      try {
        const { value: answer, failures } = await sendRetried(request, requestStats, signal, before)
        refuseOtherVersion(answer.headers, request.version)
        return { ...answer, failures }
      } catch (error) {
        throw await judge(error, request, requestStats, signal)
      }
    },
  }
}

const clockAhead = (date: Instant, now: Instant): Problem => ({
  code: 'clock_ahead',
  message: `the API says that it is ${date}, and this machine that it is ${now}, so times of the API were not believed`,
  next: 'Set the clock of this machine. If it is right, run again later: nothing is lost, what changed is read again.',
})

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
