import type { Scopes, Stream } from '../declare/stream.ts'
import { ContractError, SourceError } from '../errors.ts'
import { asFilter } from '../instant.ts'
import type { Instant, Page, Traffic, Window } from '../model.ts'
import { type Sequence, walk } from './paging.ts'
import type { Requests } from './request.ts'
import type { Tier } from './throttle.ts'

/** What `GET /token_information` says about the token in use. */
export interface TokenInformation {
  readonly name: string | null
  /** Null when the API does not say: then a 403 is the only answer there is. */
  readonly scopes: readonly string[] | null
}

export interface Source {
  /** @throws {SourceError} `unauthorised` when the token is refused. */
  token(traffic: Traffic, signal: AbortSignal): Promise<TokenInformation>
  /** Every page of a stream within `window`. The last one, and only it, says so. */
  pages(stream: Stream, window: Window, readable: Readable, traffic: Traffic, signal: AbortSignal): AsyncIterable<Page>
  /** Records that the API counts, or null where it cannot. */
  count(stream: Stream, since: Instant | null, traffic: Traffic, signal: AbortSignal): Promise<number | null>
  clock(): Instant
  readonly tier: Tier
}

/** Whether the token may use any one of these scopes. */
export type Readable = (scopes: Scopes) => boolean

/** @param streams where the parents of a stream are looked up. */
export function createSource(requests: Requests, streams: readonly Stream[]): Source {
  async function* sequences(
    stream: Stream,
    window: Window,
    readable: Readable,
    traffic: Traffic,
    signal: AbortSignal,
  ): AsyncGenerator<Sequence & { readonly owner: string | null }> {
    const parameters = filters(stream, window)
    if (stream.each) {
      for (const [value, scopes] of Object.entries(stream.each.values))
        if (readable(scopes))
          yield { path: stream.path, parameters: { ...parameters, [stream.each.parameter]: value }, owner: null }
    } else if (stream.parent) {
      const { stream: name, as } = stream.parent
      const parent = streams.find(candidate => candidate.name === name)
      if (!parent) throw new Error(`${stream.name}: its parent ${name} is not declared`)
      for await (const page of walk(requests, parent, { path: parent.path, parameters: {} }, traffic, signal))
        for (const record of page.records) {
          const owner = idOf(record, parent)
          yield { path: stream.path.replace(`{${as}}`, encodeURIComponent(owner)), parameters, owner }
        }
    } else yield { path: stream.path, parameters, owner: null }
  }

  return {
    get tier() {
      return requests.throttle.tier
    },
    clock: requests.clock,

    async token(traffic, signal) {
      const url = requests.at('/token_information')
      const { body } = await requests.send({ url: () => url, version: '2021-11', list: null }, traffic, signal)
      const inner = (body.token_information ?? body) as Record<string, unknown>
      const { scopes, name } = inner
      return {
        name: typeof name === 'string' ? name : null,
        scopes: Array.isArray(scopes) ? scopes.filter(scope => typeof scope === 'string') : null,
      }
    },

    async *pages(stream, window, readable, traffic, signal) {
      // A stream of several sequences learns only afterwards that one was the last, so its last page is an empty one.
      const several = stream.each !== null || stream.parent !== null
      let forbidden: SourceError | null = null
      let given = 0
      for await (const sequence of sequences(stream, window, readable, traffic, signal)) {
        const { owner } = sequence
        let position = 0
        try {
          for await (const page of walk(requests, stream, sequence, traffic, signal)) {
            const records = owner === null ? page.records : page.records.map(r => owned(r, stream, owner, position++))
            given += 1
            yield { ...page, records, last: page.last && !several }
          }
        } catch (error) {
          if (!(error instanceof SourceError)) throw error
          if (stream.each && error.kind === 'forbidden') {
            // One kind of owner that the token may not read is no reason to go without the others.
            forbidden = error
            const { parameter } = stream.each
            traffic.refused.push(`${parameter}=${sequence.parameters[parameter]}: ${error.message}`)
          } else if (owner === null || error.kind !== 'missing') throw error
          // A parent that went away between its page and this request took with it what it owned.
        }
      }
      if (forbidden !== null && given === 0) throw forbidden
      if (several) yield { records: [], receivedAt: requests.clock(), last: true }
    },

    async count(stream, since, traffic, signal) {
      if (!stream.count || (since !== null && !stream.count.ranges)) return null
      const url = requests.at(stream.count.path)
      if (since !== null && stream.sync.mode === 'incremental') url.searchParams.set(stream.sync.since, asFilter(since))
      const { body } = await requests.send({ url: () => url, version: '2021-01', list: 'count' }, traffic, signal)
      return typeof body.count === 'number' ? body.count : null
    },
  }
}

function filters({ sync }: Stream, { since, until }: Window): Record<string, string> {
  if (sync.mode === 'full') return {}
  return {
    ...(since === null ? {} : { [sync.since]: asFilter(since) }),
    ...(until === null ? {} : { [sync.until]: asFilter(until) }),
  }
}

function idOf(record: unknown, parent: Stream): string {
  const id = typeof record === 'object' && record !== null ? (record as Record<string, unknown>).id : undefined
  if (typeof id === 'number' || typeof id === 'string') return String(id)
  if (JSON.isRawJSON(id)) return id.rawJSON
  throw new ContractError(
    'stream_contract',
    `a record of ${parent.name} has no id, so what it owns cannot be asked for`,
    'Nothing is skipped in silence: the stream failed. Please report it.',
  )
}

/** The record, with its owner's id, and its place where it has no id of its own. What the API says itself stands. */
function owned(record: unknown, { parent }: Stream, owner: string, position: number): unknown {
  if (parent === null || typeof record !== 'object' || record === null) return record
  return { [parent.as]: owner, ...(parent.position ? { [parent.position]: position } : {}), ...record }
}
