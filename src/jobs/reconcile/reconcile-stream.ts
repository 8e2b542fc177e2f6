import { ContractError } from '../../common/errors.ts'
import type { Problem } from '../../common/model.ts'
import type { Month, Reconciliation } from '../../load/destination.ts'
import type { StreamStats } from '../../pipeline/stream-stats.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Counted, compareCounts, doubtful, type Places } from './compare-counts.ts'
import { compareAll, compareMonth } from './compare-records.ts'
import type { Comparing, ReconcileOptions } from './comparison.ts'
import { Diff } from './diff.ts'
import { repair } from './repair-differences.ts'

/** What became of one stream. */
export interface Reconciled {
  readonly diff: Diff
  readonly counted: readonly Counted[]
  readonly months: 'all' | readonly string[]
  readonly lines: readonly Reconciliation[]
  readonly problem: Problem | null
}

/** Holds one stream against the source, and repairs what differs where that is wanted. */
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
  const comparing = { ...options, stream, stats, requestStats: stats.requestStats, signal, now, watermark, writtenBy }
  let diff = new Diff()
  const counted = await compareCounts(comparing)
  stats.expected = counted.find(({ bucket }) => bucket === 'all')?.source ?? null
  const places: Places = sample === null ? { months: 'all', known: [] } : await doubtful(comparing, counted)
  let months: Reconciled['months'] =
    places.months === 'all' ? 'all' : [...places.months, ...drawn(places, sample ?? 0, random)].sort()
  if (months !== 'all') for (const month of months) await compareMonth(comparing, diff, month, places.known)
  if (months === 'all' || !explains(diff, counted)) {
    months = 'all'
    diff = new Diff()
    await compareAll(comparing, diff)
  }
  let left: Problem | null = null
  let lines: readonly Reconciliation[] = []
  try {
    if (options.repair) left = await repair(comparing, diff)
  } finally {
    // What was found is kept even where its repair failed.
    lines = linesOf(comparing, diff, counted)
    await warehouse.keepReconciliations(lines)
  }
  return {
    diff,
    counted,
    months,
    lines,
    problem: left ?? partly(diff) ?? miscounted(stream, diff, counted, months),
  }
}

/** What was found is all that the counts differ by. If not, there is more, in a month whose counts agree by chance. */
function explains(diff: Diff, counted: readonly Counted[]): boolean {
  const all = counted.find(({ bucket }) => bucket === 'all')
  if (!all || counted.length > 1) return true
  return all.source - all.warehouse === diff.keys('missing').length - diff.keys('gone').length
}

/** So many of the months that counts leave no doubt about. */
function drawn({ months, known }: Places, most: number, random: () => number): readonly string[] {
  const rest = known.filter(month => !months.includes(month))
  const taken: string[] = []
  while (taken.length < most && rest.length > 0) taken.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return taken
}

const partly = ({ partial }: Diff): Problem | null =>
  partial === null
    ? null
    : {
        code: 'partly_compared',
        message: `rows that the source lacks could not be looked for: ${partial}`,
        next: 'Give the token the scope, or leave the stream out.',
      }

/** Records agree, and yet the API counts others than it lists: perhaps it does not list all. */
function miscounted(
  { name, retention }: Stream,
  { agrees }: Diff,
  counted: readonly Counted[],
  months: Reconciled['months'],
): Problem | null {
  const all = counted.find(({ bucket }) => bucket === 'all')
  // What a count of a stream that is forgotten includes is not certain.
  if (!all || all.agrees || !agrees || months !== 'all' || retention !== null) return null
  return {
    code: 'miscounted',
    message: `the API counts ${all.source} of ${name} where the warehouse, which agrees with its list, has ${all.warehouse}`,
    next: 'Run again. If it stays, the API counts what it does not list: please report it.',
  }
}

/** One line for each count, one for all records, and one for each month in which something differs. */
function linesOf({ stream, run, source }: Comparing, diff: Diff, counted: readonly Counted[]): Reconciliation[] {
  const of = { run, stream: stream.name, reconciled_at: source.clock() }
  const none = { missing: [], changed: [], gone: [], repaired: 0 }
  const total = (months: ReadonlyMap<Month, number>): number => [...months.values()].reduce((sum, n) => sum + n, 0)
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
