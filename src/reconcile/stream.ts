import type { Stream } from '../declare/stream.ts'
import { ContractError } from '../errors.ts'
import type { Problem } from '../model.ts'
import type { Month, Reconciliation } from '../reconciliation.ts'
import type { Tally } from '../tally.ts'
import type { Comparing, ReconcileOptions } from './comparing.ts'
import { type Counted, compareCounts } from './counts.ts'
import { Findings } from './findings.ts'
import { compareAll, compareMonth } from './records.ts'
import { repair } from './repair.ts'

/** What became of one stream. */
export interface Reconciled {
  readonly findings: Findings
  readonly counted: readonly Counted[]
  readonly months: 'all' | readonly string[]
  readonly lines: readonly Reconciliation[]
  readonly problem: Problem | null
}

/** Holds one stream against the source, and repairs what differs where that is wanted. */
export async function reconcileStream(
  stream: Stream,
  options: ReconcileOptions,
  tally: Tally,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { source, warehouse, sample, random } = options
  const { watermark } = await warehouse.checkpoint(stream.name)
  if (watermark === null)
    throw new ContractError(
      'never_read',
      `${stream.name} has never been read to its end, so there is nothing to compare yet`,
      `Run sync --streams ${stream.name} first, or leave the stream out.`,
    )
  const now = source.clock()
  const writtenBy = options.repair ? null : now
  const comparing = { ...options, stream, tally, traffic: tally.traffic, signal, now, watermark, writtenBy }
  const findings = new Findings()
  const places = sample === null ? { counted: [], months: 'all' as const, known: [] } : await compareCounts(comparing)
  const months =
    places.months === 'all'
      ? 'all'
      : [...new Set([...places.months, ...drawn(places.known, sample ?? 0, random)])].sort()
  if (months === 'all') await compareAll(comparing, findings)
  else for (const month of months) await compareMonth(comparing, findings, month, places.known)
  let left: Problem | null = null
  let lines: readonly Reconciliation[] = []
  try {
    if (options.repair) left = await repair(comparing, findings)
  } finally {
    // What was found is kept even where its repair failed.
    lines = linesOf(comparing, findings, places.counted)
    await warehouse.keepReconciliations(lines)
  }
  return { findings, counted: places.counted, months, lines, problem: left ?? partly(findings) }
}

function drawn(months: readonly string[], most: number, random: () => number): readonly string[] {
  const rest = [...months]
  const taken: string[] = []
  while (taken.length < most && rest.length > 0) taken.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return taken
}

const partly = ({ partial }: Findings): Problem | null =>
  partial === null
    ? null
    : {
        code: 'partly_compared',
        message: `rows that the source lacks could not be looked for: ${partial}`,
        next: 'Give the token the scope, or leave the stream out.',
      }

/** One line for each count, one for all records, and one for each month in which something differs. */
function linesOf(
  { stream, run, source }: Comparing,
  findings: Findings,
  counted: readonly Counted[],
): Reconciliation[] {
  const at = source.clock()
  const of = { run, stream: stream.name, at }
  const none = { missing: [], changed: [], gone: [], repaired: 0 }
  const total = (months: ReadonlyMap<Month, number>): number => [...months.values()].reduce((sum, n) => sum + n, 0)
  const line = (bucket: string, created?: Month): Reconciliation => {
    const keys = {
      missing: findings.keys('missing', created),
      changed: findings.keys('changed', created),
      gone: findings.keys('gone', created),
    }
    const all = [...keys.missing, ...keys.changed, ...keys.gone]
    return {
      ...of,
      method: 'records',
      bucket,
      source_count: created === undefined ? total(findings.atSource) : (findings.atSource.get(created) ?? 0),
      warehouse_count: created === undefined ? total(findings.inWarehouse) : (findings.inWarehouse.get(created) ?? 0),
      agrees: all.length === 0 && findings.partial === null,
      ...keys,
      repaired: all.filter(key => findings.repaired.has(key)).length,
    }
  }
  const differing = new Set([...findings.differing.values()].map(({ created }) => created))
  return [
    ...counted.map(({ bucket, source: n, warehouse, agrees }): Reconciliation => {
      return { ...of, method: 'count', bucket, source_count: n, warehouse_count: warehouse, agrees, ...none }
    }),
    line('all'),
    ...[...differing].sort().map(created => line(created ?? 'undated', created)),
  ]
}
