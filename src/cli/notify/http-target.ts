import { setTimeout as timer } from 'node:timers/promises'
import type { Problem } from '../../common/errors.ts'
import type { Answered, Outgoing } from '../../extract/http-send.ts'
import { type ProxyOptions, ProxyRefusal, proxyFor } from '../../extract/proxy.ts'

/** How long one request may take, and all tries together, in milliseconds: a run waits for them. */
export const LIMITS = { request: 5000, all: 8000, wait: 500 } as const
/** Tries of one request at most. */
const TRIES = 3

/** A service that is told, as a person calls it. */
export interface Service {
  /** With its host, and without its path, which is a secret. */
  readonly name: string
  /** Its setting, for the next step. */
  readonly setting: string
}

export const serviceOf = (kind: string, setting: string, url: URL): Service => ({
  name: `${kind} ${url.host}`,
  setting,
})

/** What came of a request. */
export type Outcome =
  | { readonly answer: Answered; readonly problem: null }
  | { readonly answer: null; readonly problem: Problem }

/**
 * Requests once. Never throws, and ends within five seconds.
 * @param signal ends it before.
 */
export async function attempt(
  service: Service,
  url: URL,
  outgoing: Outgoing,
  proxies: ProxyOptions | null,
  signal: AbortSignal | null = null,
): Promise<Outcome> {
  const limit = AbortSignal.timeout(LIMITS.request)
  try {
    const proxy = proxies ? proxyFor(url, proxies) : null
    // Loaded with the first request, as the client of the API is.
    const { send } = await import('../../extract/http-send.ts')
    const stop = signal ? AbortSignal.any([limit, signal]) : limit
    return { answer: await send(url, outgoing, proxy, stop), problem: null }
  } catch (error) {
    return { answer: null, problem: unanswered(service, error, limit.aborted) }
  }
}

/** Requests until an answer says that it was taken, for eight seconds at most. @returns null: it was. */
export async function deliver(
  service: Service,
  url: URL,
  outgoing: Outgoing,
  proxies: ProxyOptions | null,
): Promise<Problem | null> {
  const limit = AbortSignal.timeout(LIMITS.all)
  for (let tries = 1; ; tries++) {
    const { answer, problem } = await attempt(service, url, outgoing, proxies, limit)
    const failed = problem ?? refusal(service, answer)
    // A request that was not answered in time may have arrived: to repeat it could tell it twice.
    const mayRepeat = problem ? problem.code === 'unreachable' : answer.status >= 500 || answer.status === 429
    if (failed === null || !mayRepeat || tries >= TRIES || limit.aborted) return failed
    await timer(LIMITS.wait * tries)
  }
}

/** What an answer says against it; null: nothing. */
export function refusal({ name, setting }: Service, { status, excerpt }: Answered): Problem | null {
  if (status >= 200 && status < 300) return null
  const text = excerpt.trim().slice(0, 200)
  const message = `${name} answered ${status}${text === '' ? '' : `: ${text}`}`
  if (status >= 500 || status === 429)
    return {
      code: 'unavailable',
      message,
      next: `The service has a problem of its own: look at it, then run check, which tries ${setting}.`,
    }
  if (status >= 300 && status < 400)
    return {
      code: 'redirected',
      message,
      next: `Give the address that it redirects to as ${setting}; no redirect is followed.`,
    }
  return { code: 'refused', message, next: `Correct ${setting}, and look at what the service expects; check tries it.` }
}

function unanswered({ name, setting }: Service, error: unknown, isLate: boolean): Problem {
  if (error instanceof ProxyRefusal)
    return { code: 'proxy', message: `${name}: ${error.message}`, next: 'Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.' }
  const next = `Check ${setting}, and that this machine reaches it; check tries it.`
  if (isLate || (error instanceof Error && error.name === 'TimeoutError'))
    return { code: 'timeout', message: `${name} did not answer within ${LIMITS.request / 1000} s`, next }
  return { code: 'unreachable', message: `${name} cannot be reached: ${causeOf(error)}`, next }
}

/** The innermost message: those around it say only that a request failed. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  return inner instanceof Error ? causeOf(inner) : error.message || error.name
}
