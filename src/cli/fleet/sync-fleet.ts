import type { Instant } from '../../common/model.ts'
import { lines, type Printable, paragraphs } from '../../common/printable.ts'
import type { RunReport } from '../../common/run-report.ts'
import type { Result } from '../commands/result.ts'
import type { Fleet } from '../config/fleet.ts'
import { second } from '../runs.ts'
import { textTable } from '../text-table.ts'
import { fleetCode, outcomeOf, problemsText } from './outcome.ts'
import { boundsText, runStores } from './side-by-side.ts'
import type { StoreRun } from './store-process.ts'

/** What `fleet sync` tells of a store. */
export interface StoreLine {
  readonly store: string
  readonly outcome: string
  readonly streams: number
  readonly failed: number
  readonly added: number
  readonly changed: number
  readonly deleted: number
  readonly requests: number
  readonly complete_to: Instant | null
  readonly seconds: number
}

/**
 * Syncs every store, side by side. One that fails, hangs or runs out of memory takes no other one with it.
 * @param say gets a line for each store that has ended.
 * @param finish called when all have ended, before the result: what is made over all stores.
 */
export async function syncFleet(
  fleet: Fleet,
  flags: readonly string[],
  say: (line: Printable) => void,
  finish: () => Promise<readonly Printable[]>,
  signal: AbortSignal,
): Promise<Result> {
  say(boundsText(fleet))
  const runs = await runStores(
    fleet,
    { command: () => ['sync', ...flags], isWatched: true, ended: run => say(lineOf(run)) },
    signal,
  )
  const stores = runs.map(storeLine)
  const outcomes = runs.map(outcomeOf)
  const made = signal.aborted ? [] : await finish()
  return {
    code: fleetCode(outcomes, signal.aborted),
    json: { stores: outcomes.map((outcome, i) => ({ ...stores[i], ...outcome, report: runs[i]?.json ?? null })) },
    text: paragraphs(
      textTable(
        ['store', 'outcome', 'added', 'changed', 'deleted', 'requests', 'seconds', 'complete to'],
        stores.map(s => [
          s.store,
          s.outcome,
          s.added,
          s.changed,
          s.deleted,
          s.requests,
          Number(s.seconds.toFixed(1)),
          s.complete_to && second(s.complete_to),
        ]),
      ),
      ...made,
      problemsText(outcomes, 'complete'),
    ),
  }
}

function storeLine(run: StoreRun): StoreLine {
  const report = run.json as RunReport | null
  const { outcome } = outcomeOf(run)
  const streams = report?.streams.filter(stream => stream.outcome !== 'skipped') ?? []
  const sum = (of: (stream: (typeof streams)[number]) => number): number =>
    streams.reduce((total, stream) => total + of(stream), 0)
  const ends = streams.map(stream => stream.complete_to)
  return {
    store: run.store,
    outcome: outcome === 'ok' ? 'complete' : outcome,
    streams: streams.length,
    failed: streams.filter(stream => stream.outcome === 'failed').length,
    added: sum(stream => stream.added),
    changed: sum(stream => stream.changed),
    deleted: sum(stream => stream.deleted),
    requests: report?.requests ?? 0,
    // The stream that is furthest behind.
    complete_to: ends.some(end => end === null) ? null : (ends.sort()[0] ?? null),
    seconds: run.seconds,
  }
}

function lineOf(run: StoreRun): Printable {
  const { store, outcome, added, changed, requests, seconds } = storeLine(run)
  return lines(
    `${store}: ${outcome}, ${added} added, ${changed} changed, ${requests} requests in ${seconds.toFixed(1)} s`,
  )
}
