import { ContractError, type Problem } from '../../common/errors.ts'
import type { Month, Reconciliation } from '../../load/reconciliation.ts'
import type { StreamStats } from '../../pipeline/stream-stats.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Counted, compareCounts, type MonthSelection, suspectMonths } from './compare-counts.ts'
import { compareAll, compareMonth } from './compare-records.ts'
import { type Comparison, comparableRowsOf, type ReconcileOptions } from './comparison.ts'
import { Diff } from './diff.ts'
import { repairDifferences } from './repair-differences.ts'

/** The result for one stream. */
export interface Reconciled {
  readonly diff: Diff
  readonly counted: readonly Counted[]
  /** The months whose records were compared. */
  readonly months: 'all' | readonly string[]
  /** All months of the stream; none where it is not known which there are. */
  readonly known: readonly string[]
  /** Rows that were left out, because the source may no longer return their records. */
  readonly leftOut: number
  readonly lines: readonly Reconciliation[]
  readonly problem: Problem | null
}

/** Compares one stream with the source, and with `repair` repairs the differences. @throws {ContractError} `never_read` */
export async function reconcileStream(
  stream: Stream,
  options: ReconcileOptions,
  stats: StreamStats,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { source, warehouse, sample, random } = options
  const watermark = await warehouse.watermark(stream.name)
  if (watermark === null)
    throw new ContractError(
      'never_read',
      `${stream.name} has never been read to its end, so there is nothing to compare yet`,
      `Run sync --streams ${stream.name} first, or leave the stream out.`,
    )
  const now = source.clock()
  const writtenBy = options.repair ? null : now
  const comparison = { ...options, stream, stats, requestStats: stats.requestStats, signal, now, watermark, writtenBy }
  let diff = new Diff()
  const counted = await compareCounts(comparison)
  stats.expected = counted.find(({ bucket }) => bucket === 'all')?.source ?? null
  const selection: MonthSelection =
    sample === null ? { months: 'all', known: [] } : await suspectMonths(comparison, counted)
  let months: Reconciled['months'] =
    selection.months === 'all' ? 'all' : [...selection.months, ...sampleOf(selection, sample ?? 0, random)].sort()
  if (months !== 'all') for (const month of months) await compareMonth(comparison, diff, month, selection.known)
  if (months === 'all' || !explainsCounts(diff, counted)) {
    months = 'all'
    diff = new Diff()
    await compareAll(comparison, diff)
  }
  const leftOut = await countLeftOut(comparison)
  let notRepaired: Problem | null = null
  let lines: readonly Reconciliation[] = []
  try {
    if (options.repair) notRepaired = await repairDifferences(comparison, diff)
  } finally {
    // The result is recorded even if the repair failed.
    lines = linesOf(comparison, diff, counted)
    await warehouse.keepReconciliations(diff.keyless === 0 ? lines : lines.filter(line => !isOfAllRecords(line)))
  }
  return {
    diff,
    counted,
    months,
    known: selection.known,
    leftOut,
    lines,
    problem: notRepaired ?? keyless(diff) ?? partlyCompared(diff) ?? miscounted(stream, diff, counted, months),
  }
}

/** Rows that are comparable but for the retention of the source. */
async function countLeftOut(comparison: Comparison): Promise<number> {
  const { stream, warehouse } = comparison
  if (stream.retention === null) return 0
  const comparable = comparableRowsOf(comparison)
  const all = { ...comparable, stream: { ...stream, retention: null } satisfies Stream }
  return total(await warehouse.countComparable(all)) - total(await warehouse.countComparable(comparable))
}

/** Whether the differences found add up to that of the counts. If not, a month whose counts agree by chance has more. */
function explainsCounts(diff: Diff, counted: readonly Counted[]): boolean {
  const all = counted.find(({ bucket }) => bucket === 'all')
  if (!all || counted.length > 1) return true
  return all.source - all.warehouse === diff.keys('missing').length - diff.keys('gone').length
}

/** Months chosen at random from those whose counts agree. */
function sampleOf({ months, known }: MonthSelection, most: number, random: () => number): readonly string[] {
  const rest = known.filter(month => !months.includes(month))
  const chosen: string[] = []
  while (chosen.length < most && rest.length > 0) chosen.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return chosen
}

/** The line that `status` takes for a comparison of all records. If some could not be compared, it is none. */
const isOfAllRecords = ({ method, bucket }: Reconciliation): boolean => method === 'records' && bucket === 'all'

const keyless = ({ keyless: n }: Diff): Problem | null =>
  n === 0
    ? null
    : {
        code: 'not_compared',
        message: `${n} listed records have no key that can be read, so they were not compared, and no row counts as gone`,
        next: 'Run reconcile again. If this stays, please report it.',
      }

const partlyCompared = ({ partial }: Diff): Problem | null =>
  partial === null
    ? null
    : {
        code: 'partly_compared',
        message: `it is not known which rows the source lacks, because its list may be incomplete: ${partial}`,
        next: 'Give the token the scope, or leave the stream out.',
      }

/** The records agree and the counts differ, so the API may not list all that it counts. */
function miscounted(
  { name, retention }: Stream,
  { agrees }: Diff,
  counted: readonly Counted[],
  months: Reconciled['months'],
): Problem | null {
  const all = counted.find(({ bucket }) => bucket === 'all')
  // It is not certain what a count includes of a stream with a retention.
  if (!all || all.agrees || !agrees || months !== 'all' || retention !== null) return null
  return {
    code: 'miscounted',
    message: `the API counts ${all.source} records of ${name}, but it lists ${all.warehouse}, as many as the warehouse has`,
    next: 'Run again. If the counts differ again, the API counts records that it does not list. Please report it.',
  }
}

const total = (months: ReadonlyMap<Month, number>): number => [...months.values()].reduce((sum, n) => sum + n, 0)

/** One line for each count, one for all records, and one for each month with a difference. */
function linesOf({ stream, run, source }: Comparison, diff: Diff, counted: readonly Counted[]): Reconciliation[] {
  const of = { run, stream: stream.name, reconciled_at: source.clock() }
  const none = { missing: [], changed: [], gone: [], repaired: 0 }
  const line = (bucket: string, created?: Month): Reconciliation => {
    const keys = {
      missing: diff.keys('missing', created),
      changed: diff.keys('changed', created),
      gone: diff.keys('gone', created),
    }
    const all = [...keys.missing, ...keys.changed, ...keys.gone]
    return {
      ...of,
      method: 'records',
      bucket,
      source_count: created === undefined ? total(diff.atSource) : (diff.atSource.get(created) ?? 0),
      warehouse_count: created === undefined ? total(diff.inWarehouse) : (diff.inWarehouse.get(created) ?? 0),
      agrees: all.length === 0,
      ...keys,
      repaired: all.filter(key => diff.repaired.has(key)).length,
    }
  }
  const differing = new Set([...diff.differing.values()].map(({ created }) => created))
  return [
    ...counted.map(({ bucket, source: n, warehouse, agrees }): Reconciliation => {
      return { ...of, method: 'count', bucket, source_count: n, warehouse_count: warehouse, agrees, ...none }
    }),
    line('all'),
    ...[...differing].sort().map(created => line(created ?? 'undated', created)),
  ]
}
