import pLimit from 'p-limit'
import { ContractError, SourceError } from '../common/errors.ts'
import { fromMillis, later } from '../common/instant.ts'
import type { Instant, ReadBody, Traffic } from '../common/model.ts'
import type { ApiVersion } from '../schema/stream.ts'
import { type Answer, createGet } from './http-client.ts'
import { createThrottle, type Throttle, type Tier } from './rate-limit.ts'
import { type Failed, PATIENCE, retry, type Sleep } from './retry.ts'

export interface RequestOptions {
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
export interface Ask {
  readonly url: (failed: Failed) => URL
  readonly version: ApiVersion
  /** Key that the body must have; null: any object will do. */
  readonly list: string | null
  /** How a body is read that need not become objects. */
  readonly readBody?: ReadBody | null
  /** Throws a `SourceError` for a body that is to be asked for again. */
  readonly verify?: (body: Record<string, unknown>) => void
}

/** Throttled, retried, checked: what the rest of `extract` uses to talk to the API. */
export interface Requests {
  /** The address of a path such as `/charges`. */
  at(path: string): URL
  readonly throttle: Throttle
  send(ask: Ask, traffic: Traffic, signal: AbortSignal): Promise<Answer & { readonly body: Record<string, unknown> }>
  /** The latest time that the API has named; never ahead of the API's clock. */
  clock(): Instant
  /** How long an answer takes of late, until its last byte, in milliseconds. */
  latencyMs(): number
}

/** Weight of the newest answer in the latency. */
const NEWEST = 0.2

export function createRequests(options: RequestOptions): Requests {
  const { tier, budget, monotonic, sleep, random } = options
  const throttle = createThrottle({ tier, budget, monotonic, sleep })
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

  return {
    at: path => new URL(options.baseUrl.replace(/\/+$/, '') + path),
    throttle,
    clock: () => latest ?? fromMillis(options.now()),
    latencyMs: () => latencyMs ?? 0,
    send: (ask, traffic, signal) =>
      retry(
        failed =>
          inFlight(async () => {
            const { waitedMs, ticket } = await throttle.take(signal)
            traffic.waitedMs += waitedMs
            traffic.requests += 1
            try {
              const answer = await get(ask.url(failed), ask, signal, headers => {
                hear(headers)
                throttle.heard(ticket, headers.get('x-recharge-limit'))
              })
              const { tookMs } = answer
              latencyMs = latencyMs === null ? tookMs : latencyMs + NEWEST * (tookMs - latencyMs)
              const body = checked(answer, ask)
              ask.verify?.(body)
              return { ...answer, body }
            } catch (error) {
              if (error instanceof SourceError && error.kind === 'throttled') throttle.overflowed()
              throw error
            } finally {
              throttle.heard(ticket, null)
            }
          }),
        { sleep, random, ...PATIENCE, ...options.patience },
        traffic,
        signal,
      ),
  }
}

/** A 200 is not yet an answer: it may come from another API version, or hold a warning in place of the list [client]. */
function checked({ body, headers }: Answer, { version, list }: Ask): Record<string, unknown> {
  const echo = headers.get('x-recharge-version')
  if (echo !== null && echo !== version)
    throw new ContractError(
      'stream_contract',
      `asked for API version ${version}, the answer is of ${echo}`,
      'Its shapes differ, so nothing was loaded. Look for a proxy that changes the X-Recharge-Version header.',
    )
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new SourceError('truncated', 'status 200, but the body is not an object')
  const members = body as Record<string, unknown>
  if (list === null || list in members) return members
  const keys = Object.keys(members)
  if (keys.length > 0 && keys.every(key => key === 'error' || key === 'errors' || key === 'warning'))
    throw new SourceError('unavailable', `status 200, but only ${JSON.stringify(members).slice(0, 300)}`)
  throw new ContractError(
    'stream_contract',
    `the answer has no "${list}", only ${keys.join(', ') || 'nothing'}`,
    'The API changed, or the address is not that of Recharge. Nothing was loaded; please report it.',
  )
}
