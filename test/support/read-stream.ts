import { setTimeout as timer } from 'node:timers/promises'
import { STREAMS as DECLARED } from '../../src/cli/app.ts'
import { justBefore } from '../../src/common/instant.ts'
import type { Page, RequestStats, Scan, Window } from '../../src/common/model.ts'
import { createApiClient } from '../../src/extract/api-client.ts'
import { createSource, type Source } from '../../src/extract/source.ts'
import { pageDecoders } from '../../src/pipeline/page-decoders.ts'
import { newScan } from '../../src/pipeline/scan-progress.ts'
import { withPolicies } from '../../src/schema/policy.ts'
import { Salt } from '../../src/schema/salt.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Simulator } from '../../src/simulator/server.ts'

const EVERYTHING: Window = { since: null, until: null }

/** Every declared stream, with all of its values kept. */
export const STREAMS: readonly Stream[] = DECLARED.map(stream =>
  withPolicies(stream, { sensitive: 'keep', columns: {}, onMismatch: 'null', drift: 'capture' }, new Salt()),
)

/** A source of the simulator without a pipeline behind it. It retries as often as in production, and hardly waits. */
export const sourceOf = ({ url, token }: Pick<Simulator, 'url' | 'token'>, concurrency = 4): Source => {
  const sleep = (ms: number): Promise<void> => timer(ms)
  const api = createApiClient({
    baseUrl: url,
    token,
    timeoutMs: 10_000,
    patienceMs: 1_500,
    concurrency,
    proxy: null,
    tier: { bucket: 100_000, perSecond: 10_000 },
    budget: 1,
    patience: { firstWaitMs: 0, tries: 8 },
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep,
    random: () => 0,
  })
  return createSource(api, { streams: STREAMS, sleep })
}

export interface ReadPages {
  readonly pages: readonly Page[]
  /** Keys of all records in the order in which they were read. */
  readonly keys: readonly string[]
  readonly requestStats: RequestStats
  /** What ended the reading; null: the end of the data. */
  readonly error: unknown
}

/** Reads a stream from the start of a scan to its end, or to its error. */
export async function readStream(
  source: Source,
  stream: Stream,
  scan: Scan = newScan(EVERYTHING, justBefore(source.clock())),
): Promise<ReadPages> {
  const requestStats: RequestStats = { requests: 0, retries: 0, throttled: 0, waitedMs: 0, readAgain: 0, warnings: [] }
  const { signal } = new AbortController()
  const pages: Page[] = []
  let error: unknown = null
  try {
    for await (const page of source.pages(stream, scan, {
      readable: () => true,
      decoderOf: pageDecoders(),
      expected: () => null,
      newestFirst: false,
      requestStats,
      signal,
    }))
      pages.push(page)
  } catch (thrown) {
    error = thrown
  }
  return { pages, keys: pages.flatMap(({ decoded }) => decoded.keys), requestStats, error }
}
