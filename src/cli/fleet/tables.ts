import { lines, paragraphs } from '../../common/printable.ts'
import type { Result } from '../commands/result.ts'
import type { Fleet } from '../config/fleet.ts'
import { textTable } from '../text-table.ts'
import { fleetCode, outcomeOf, problemsText } from './outcome.ts'
import { runStores } from './side-by-side.ts'
import type { StoreRun } from './store-process.ts'

type Cell = string | number | null

/** A command that shows something of every store: what of its document stands in the store's line. */
interface Shown {
  readonly command: readonly string[]
  readonly head: readonly string[]
  readonly cells: (document: never) => readonly Cell[]
  /** What is said of all of them together. */
  readonly sum?: (documents: readonly never[]) => string
}

interface Finding {
  readonly state: 'ok' | 'warning' | 'problem'
  readonly message: string
}

const count = (findings: readonly Finding[], state: Finding['state']): number =>
  findings.filter(finding => finding.state === state).length

export const CHECKED: Shown = {
  command: ['check'],
  head: ['ok', 'warnings', 'problems', 'first problem'],
  cells: ({ findings }: { findings: readonly Finding[] }) => [
    count(findings, 'ok'),
    count(findings, 'warning'),
    count(findings, 'problem'),
    findings.find(({ state }) => state === 'problem')?.message ?? null,
  ],
}

interface Planned {
  readonly requests: number
  readonly minutes: number
  readonly ddl: readonly string[]
}

export const PLANNED: Shown = {
  command: ['plan'],
  head: ['requests', 'minutes', 'DDL'],
  cells: ({ requests, minutes, ddl }: Planned) => [requests, minutes, ddl.length],
  sum: (plans: readonly Planned[]) =>
    `${plans.reduce((sum, { requests }) => sum + requests, 0)} requests. Each store has a rate of its own: the longest takes ${Math.max(0, ...plans.map(({ minutes }) => minutes))} minutes.`,
}

interface StandingStream {
  readonly stream: string
  readonly rows: number | null
  readonly complete_to: string | null
  readonly age_seconds: number | null
  readonly last_run: string | null
  readonly outcome: string | null
  readonly stale: boolean
  readonly failed: unknown
}

/** @param flags such as `--max-age 2h`. */
export const standing = (flags: readonly string[]): Shown => ({
  command: ['status', ...flags],
  head: ['streams', 'rows', 'failed', 'too old', 'complete to', 'last run'],
  cells: ({ streams }: { streams: readonly StandingStream[] }) => {
    const ran = streams.filter(({ outcome }) => outcome !== null && outcome !== 'skipped')
    const ends = ran.map(stream => stream.complete_to)
    const last = ran.flatMap(stream => stream.last_run ?? []).sort()
    return [
      ran.length,
      ran.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
      streams.filter(({ failed }) => failed !== null).length,
      streams.filter(({ stale }) => stale).length,
      ends.includes(null) ? null : shortTime(ends.sort()[0] ?? null),
      shortTime(last.at(-1) ?? null),
    ]
  },
})

/** Runs the command for each store and shows a line for each. Problems stand below, each with the next step. */
export async function showFleet(
  fleet: Fleet,
  { command, head, cells, sum }: Shown,
  signal: AbortSignal,
): Promise<Result> {
  const runs = await runStores(fleet, { command: () => command, isWatched: false, ended: () => {} }, signal)
  const outcomes = runs.map(outcomeOf)
  const documents = runs.flatMap(({ json }) => (json === null ? [] : [json as never]))
  return {
    code: fleetCode(outcomes, signal.aborted),
    json: { stores: runs.map(({ json }, i) => ({ ...outcomes[i], result: json })) },
    text: paragraphs(
      textTable(
        ['store', ...head],
        runs.map(run => [run.store, ...lineOf(run, head.length, cells)]),
      ),
      ...(sum && documents.length > 0 ? [lines(sum(documents))] : []),
      problemsText(outcomes, 'in order'),
    ),
  }
}

const lineOf = ({ json }: StoreRun, width: number, cells: Shown['cells']): readonly Cell[] =>
  json === null ? Array.from({ length: width }, () => null) : cells(json as never)

/** To the minute. */
const shortTime = (instant: string | null): string | null => instant && `${instant.slice(0, 16).replace('T', ' ')}Z`
