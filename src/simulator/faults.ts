import type { Json } from './record.ts'
import type { Rewritten } from './serve/answer.ts'

/** A request as the simulator saw it. The status is 0 until, or unless, an answer goes out. */
export interface RequestSeen {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly version: string
  readonly status: number
  /** Records in the page that went out. */
  readonly records: number
  /** performance.now() at its arrival: how far apart two requests came is real time. */
  readonly at: number
}

type FaultKind =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: Json
      readonly headers?: Record<string, string>
    }
  /** The connection is reset without an answer. */
  | { readonly kind: 'reset' }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** Content-Length promises a whole body; half of it comes. */
  | { readonly kind: 'truncate' }
  /** A complete answer that is not JSON. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'body'; readonly body: Json }
  /** The pointer to the next page is missing though there is one. */
  | { readonly kind: 'noCursor' }
  /** No rows, and a pointer that leads to the rows left out. */
  | { readonly kind: 'emptyPage' }
  /**
   * The rows of the page served before from this path. With `pointer: 'current'` (the default) the
   * pointer stays that of the page asked for, whose rows are then never served; with 'previous' the
   * earlier answer comes again as a whole, and its pointer leads to the page asked for.
   */
  | { readonly kind: 'repeatPage'; readonly pointer?: 'current' | 'previous' }
  /** The answer names another version than the one asked for. */
  | { readonly kind: 'version'; readonly version: string }
  /** A test rewrites the answer. */
  | { readonly kind: 'rewrite'; readonly rewrite: (answer: Rewritten, request: RequestSeen) => Partial<Rewritten> }
  /** The Date header is off by this much. */
  | { readonly kind: 'skew'; readonly ms: number }

export type Fault = FaultKind & {
  /** The start of a path, or a test of the request; absent means every request. */
  readonly match?: string | ((request: RequestSeen) => boolean)
  /** How many matching requests it hits; 1 if not said. */
  readonly times?: number
  /** How many matching requests it lets pass before. */
  readonly skip?: number
}

type Hook = (request: RequestSeen) => void | Promise<void>

interface Armed {
  readonly fault: Fault
  skip: number
  times: number
}

/** The faults that tests have switched on. */
export class Faults {
  #armed: Armed[] = []
  #hooks: Hook[] = []

  add(fault: Fault): void {
    this.#armed.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  }

  /** Runs before each answer is made. Here a test changes the store between two pages. */
  before(hook: Hook): void {
    this.#hooks.push(hook)
  }

  clear(): void {
    this.#armed = []
    this.#hooks = []
  }

  async runHooks(request: RequestSeen): Promise<void> {
    for (const hook of this.#hooks) await hook(request)
  }

  /** At most one fault hits a request: the oldest that is not used up. For the others it counts as passed by. */
  take(request: RequestSeen): Fault | undefined {
    let hit: Armed | undefined
    for (const armed of this.#armed) {
      if (!matches(armed.fault, request)) continue
      if (armed.skip > 0) armed.skip -= 1
      else hit ??= armed
    }
    if (!hit) return undefined
    hit.times -= 1
    if (hit.times <= 0) this.#armed = this.#armed.filter(armed => armed !== hit)
    return hit.fault
  }
}

function matches({ match }: Fault, request: RequestSeen): boolean {
  if (match === undefined) return true
  return typeof match === 'string' ? request.path.startsWith(match) : match(request)
}
