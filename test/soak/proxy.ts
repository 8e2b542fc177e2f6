import { Agent, createServer, type IncomingHttpHeaders, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { STREAMS } from '../../src/cli/app.ts'
import type { Bend } from './bends.ts'
import type { Random } from './random.ts'

/** An answer of the source, whole. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What goes on the wire in place of an answer: nothing at all, or only a part of it. */
export type Wire = 'reset' | 'hang' | { readonly cut: Answer } | { readonly late: Answer; readonly ms: number }

/** A request as the program made it. */
export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly kind: 'token' | 'list' | 'one' | 'count'
  /** Streams that the answer is for: their own list, or that of their parents. */
  readonly streams: readonly string[]
  /** The first request of a list: no pointer, no page number. */
  readonly first: boolean
  /**
   * Its pointer was handed out in this run, by a page that was shorter than asked for: since then the program can know
   * how long a page is, and that a full page proves no end.
   */
  readonly sizeKnown: boolean
  /** Most records that the source gives in one answer here. */
  readonly size: number
}

/** What a bend can see besides the answer. */
export interface Scene {
  readonly random: Random
  /** By the source's clock, in milliseconds. */
  readonly now: () => number
  /** The honest answer that went before from the same path in this run. */
  readonly previous: Answer | null
  /** Another honest answer of this run, from another list. */
  readonly other: Answer | null
  /**
   * Keys of rows that the program has, and that an honest answer to this request shows as they are. Without them an answer
   * that leaves records out looks perfect.
   */
  readonly provable: () => ReadonlySet<string>
  /** Kept between the answers that one bend is applied to in one run. */
  readonly memory: Map<string, unknown>
}

/** A bend, and where it strikes in one run. */
export interface Armed {
  readonly bend: Bend
  /** Only answers for this stream; null: for any. */
  readonly stream: string | null
  skip: number
  times: number
  readonly random: Random
  readonly memory: Map<string, unknown>
  hits: number
}

export interface BendingProxy extends AsyncDisposable {
  readonly url: string
  /** Requests of the run so far. */
  readonly count: number
  /** Begins a run: what went before is forgotten. */
  begin(options: RunOptions): void
}

interface RunOptions {
  readonly armed: readonly Armed[]
  readonly upstream: string
  /** Most records in one answer, whatever is asked for. */
  readonly size: number
  readonly now: () => number
  readonly provable: (asked: Asked) => ReadonlySet<string>
  /** Before the answer to each request is asked for. */
  readonly before: (count: number) => Promise<void>
  /** A bend struck. */
  readonly struck: (armed: Armed, asked: Asked) => void
}

/** Parameters that name one of several lists with one path. */
const LISTS = ['status', 'owner_resource', 'bundle_product_id']
const childrenOf = (name: string): readonly string[] =>
  STREAMS.flatMap(({ name: child, parent }) => (parent?.stream === name ? [child] : []))

/** A server between the program and the source, that bends answers. */
export async function startProxy(): Promise<BendingProxy> {
  const agent = new Agent({ keepAlive: true })
  let run: RunOptions | null = null
  let count = 0
  let previous = new Map<string, Answer>()
  let pointers = new Set<string>()

  async function handle(
    url: URL,
    method: string,
    headers: IncomingHttpHeaders,
    response: ServerResponse,
  ): Promise<void> {
    if (!run) throw new Error('no run has begun')
    const of = run
    count += 1
    await of.before(count)
    const asked = askedOf(url, String(headers['x-recharge-version'] ?? ''), of.size, pointers)
    if (asked.kind === 'list' && url.searchParams.has('limit'))
      url.searchParams.set('limit', String(Math.min(Number(url.searchParams.get('limit')), of.size)))
    const honest = await fetchFrom(agent, new URL(url.pathname + url.search, of.upstream), method, headers)
    const key = [asked.path, ...LISTS.map(name => asked.query.get(name) ?? '')].join(' ')
    const before = previous.get(key) ?? null
    const other = [...previous].find(([path]) => path.split(' ')[0] !== asked.path)?.[1] ?? null
    let answer: Answer | Wire = honest
    for (const armed of of.armed) {
      if (armed.times <= 0 || (armed.stream !== null && !asked.streams.includes(armed.stream))) continue
      const { random, memory } = armed
      const scene: Scene = {
        random,
        memory,
        now: of.now,
        previous: before,
        other,
        provable: () => of.provable(asked),
      }
      const bent = armed.bend.apply(answer, asked, scene)
      if (bent === null) continue
      if (armed.skip > 0) {
        armed.skip -= 1
        continue
      }
      armed.times -= 1
      armed.hits += 1
      of.struck(armed, asked)
      answer = bent
      if (isWire(answer)) break
    }
    if (honest.status === 200 && asked.kind === 'list') {
      previous.set(key, honest)
      const next = pointerOf(honest)
      const short = asked.size < Number(asked.query.get('limit') ?? PAGE)
      if (next !== null && (short || asked.sizeKnown)) pointers.add(next)
    }
    await deliver(response, answer)
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://proxy')
    handle(url, request.method ?? 'GET', request.headers, response).catch(error => {
      // A mistake of the soak must not look like a bend.
      console.error('soak proxy:', error)
      response.socket?.destroy()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count
    },
    begin(options) {
      run = options
      count = 0
      previous = new Map()
      pointers = new Set()
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const PAGE = 250
const isWire = (answer: Answer | Wire): answer is Wire => typeof answer === 'string' || !('status' in answer)

function askedOf(url: URL, version: string, size: number, pointers: ReadonlySet<string>): Asked {
  const path = url.pathname
  const query = new URLSearchParams(url.searchParams)
  const pointer = query.get('cursor') ?? query.get('page_info')
  const streams = streamsAt(path, version)
  const list = streams.length > 0 && !/\/\d+$/.test(path) && !path.endsWith('/count')
  return {
    path,
    query,
    kind: path === '/token_information' ? 'token' : path.endsWith('/count') ? 'count' : list ? 'list' : 'one',
    streams,
    first: pointer === null && !query.has('page'),
    sizeKnown: pointer !== null && pointers.has(pointer),
    size: Math.min(size, Number(query.get('limit') ?? PAGE)),
  }
}

/** The streams that a path serves, as a list, by id or as a count. */
function streamsAt(path: string, version: string): string[] {
  const own = STREAMS.filter(stream => {
    const pattern = stream.path.replace(/\{\w+\}/g, '\\d+')
    return new RegExp(`^${pattern}(/\\d+|/count)?$`).test(path)
  })
  const there = own.length > 1 ? own.filter(stream => stream.version === version) : own
  return there.flatMap(({ name }) => [name, ...childrenOf(name)])
}

/** The pointer to the next page that an answer gives. */
export function pointerOf({ headers, body }: Answer): string | null {
  const link = /page_info=([^>&]+)>; rel="next"/.exec(headers.link ?? '')?.[1]
  if (link !== undefined) return decodeURIComponent(link)
  const found = /^\{"next_cursor":"([^"]+)"/.exec(body.subarray(0, 2000).toString('latin1'))
  return found?.[1] ?? null
}

function fetchFrom(agent: Agent, url: URL, method: string, given: IncomingHttpHeaders): Promise<Answer> {
  const { 'accept-encoding': _, host: __, connection: ___, ...headers } = given
  return new Promise((resolve, reject) => {
    send(url, { method, agent, headers }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const all = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
        const { 'content-length': _l, connection: _c, 'keep-alive': _k, ...rest } = Object.fromEntries(all)
        resolve({ status: response.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks) })
      })
    })
      .on('error', reject)
      .end()
  })
}

async function deliver(response: ServerResponse, answer: Answer | Wire): Promise<void> {
  if (answer === 'hang') return
  if (answer === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  if ('cut' in answer) {
    const { status, headers, body } = answer.cut
    response.sendDate = false
    response.writeHead(status, { ...headers, 'content-length': body.length })
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy())
    return
  }
  if ('late' in answer) {
    await wait(answer.ms)
    return await deliver(response, answer.late)
  }
  const { status, headers, body } = answer
  response.sendDate = false
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
}
