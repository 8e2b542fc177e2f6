import { asFilter, minus } from '../../common/instant.ts'
import type { ComparableRows } from '../../load/destination.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Comparing, servedOf } from './comparison.ts'
import { lastSecondOf, monthsBetween, startOf } from './month.ts'

const DAY = 86_400_000

/** Two counts of one thing: one by the API, one in SQL. */
export interface Counted {
  /** `all`, or the value that was counted by. */
  readonly bucket: string
  readonly source: number
  readonly warehouse: number
  readonly agrees: boolean
}

/** Where records have to be compared. */
export interface Places {
  /** `all`: everywhere; or in these months of creation. */
  readonly months: 'all' | readonly string[]
  /** Months that there are, of which some may be drawn. */
  readonly known: readonly string[]
}

/** Counts of the API beside counts in SQL, of what was created up to the watermark where it can count that. */
export async function compareCounts(comparing: Comparing): Promise<readonly Counted[]> {
  const { stream, watermark } = comparing
  const rows = servedOf(comparing)
  if (stream.count === null) return []
  if (stream.count.by !== undefined) return countBy(comparing, stream.count.by)
  if (!stream.count.ranges) return countAll(comparing, {}, rows)
  return countAll(comparing, { created_at_max: asFilter(watermark) }, { ...rows, before: afterSecond(watermark) })
}

/**
 * Where counts leave a doubt. They only ever say where to look: a count is never the verdict, since what it includes and
 * how it reads a filter is not certain for every resource.
 */
export async function doubtful(comparing: Comparing, counted: readonly Counted[]): Promise<Places> {
  const { stream, watermark, warehouse } = comparing
  const everything = { months: 'all', known: [] } as const
  if (counted.length === 0) return everything
  const agree = counted.every(({ agrees }) => agrees)
  if (!stream.created) return agree ? { months: [], known: [] } : everything
  if (!agree && !stream.count?.ranges) return everything
  const stored = [...(await warehouse.countComparable(servedOf(comparing))).keys()]
    .filter(month => month !== null)
    .sort()
  const [first] = stored
  const last = watermark.slice(0, 7)
  const known = first === undefined || first > last ? [last] : monthsBetween(first, last)
  return { months: agree ? [] : await narrow(comparing, known), known }
}

/** The first instant that a filter of this whole second leaves out. */
const afterSecond = (instant: ComparableRows['now']): ComparableRows['now'] =>
  `${asFilter(instant).slice(0, -1)}.999999Z` as ComparableRows['now']

const total = (months: ReadonlyMap<unknown, number>): number => [...months.values()].reduce((sum, n) => sum + n, 0)

async function countAll(
  comparing: Comparing,
  filters: Readonly<Record<string, string>>,
  rows: ComparableRows,
): Promise<readonly Counted[]> {
  const { source, stream, requestStats, signal, warehouse } = comparing
  const counted = await source.countWhere(stream, filters, requestStats, signal)
  if (counted === null) return []
  const stands = total(await warehouse.countComparable(rows))
  return [{ bucket: 'all', source: counted, warehouse: stands, agrees: counted === stands }]
}

/**
 * Value by value, as the statuses of charges. Of a value whose records are forgotten, the count may include those or
 * not [inferred]: it is held against both.
 */
async function countBy(comparing: Comparing, column: string): Promise<readonly Counted[]> {
  const { source, stream, requestStats, signal, warehouse } = comparing
  const rows = servedOf(comparing)
  // A day back takes away the day by which the edge of what is forgotten is early.
  const exact = { ...rows, now: minus(rows.now, DAY) }
  const unforgetful = { ...rows, stream: { ...stream, retention: null } satisfies Stream }
  const values = (await warehouse.valuesOf(stream, column)).filter(value => value !== null)
  const counted: Counted[] = []
  let sum = 0
  for (const value of values.sort()) {
    // 2021-01 writes them in upper case [observed].
    const filter = { [column]: value.toUpperCase() }
    const found = await source.countWhere(stream, filter, requestStats, signal)
    if (found === null) return []
    const ever = total(await warehouse.countComparable(unforgetful, [column, value]))
    const forgotten = stream.retention?.when?.[column]?.includes(value) ?? false
    const served = forgotten ? total(await warehouse.countComparable(exact, [column, value])) : ever
    const warehouseCount = found === ever ? ever : served
    counted.push({ bucket: value, source: found, warehouse: warehouseCount, agrees: found === warehouseCount })
    sum += found
  }
  const all = await source.countWhere(stream, {}, requestStats, signal)
  // More in all than in its parts: a value that no row has.
  if (all !== null) counted.push({ bucket: 'all', source: all, warehouse: sum, agrees: all === sum })
  return counted
}

/**
 * Months whose counts differ, by halves: requests in proportion to what differs, not to how long the store exists.
 * Everything where the halves do not add up, since the filter then does not do what it says.
 */
async function narrow(comparing: Comparing, months: readonly string[]): Promise<Places['months']> {
  const { source, stream, requestStats, signal, warehouse, watermark } = comparing
  const before = afterSecond(watermark)
  const byMonth = await warehouse.countComparable({ ...servedOf(comparing), before })
  if (byMonth.has(null)) return 'all'
  const last = months.length - 1
  const atSource = (from: number, to: number): Promise<number | null> => {
    const until = to === last ? asFilter(watermark) : asFilter(lastSecondOf(months[to] ?? ''))
    const since = from === 0 ? {} : { created_at_min: asFilter(startOf(months[from] ?? '')) }
    return source.countWhere(stream, { ...since, created_at_max: until }, requestStats, signal)
  }
  const here = (from: number, to: number): number =>
    months.slice(from, to + 1).reduce((sum, month) => sum + (byMonth.get(month) ?? 0), 0)
  const found: string[] = []
  const search = async (from: number, to: number, counted: number): Promise<boolean> => {
    if (counted === here(from, to)) return true
    if (from === to) {
      found.push(months[from] ?? '')
      return true
    }
    const middle = Math.floor((from + to) / 2)
    const left = await atSource(from, middle)
    const right = await atSource(middle + 1, to)
    if (left === null || right === null || left + right !== counted) return false
    return (await search(from, middle, left)) && (await search(middle + 1, to, right))
  }
  const all = await atSource(0, last)
  return all !== null && (await search(0, last, all)) ? found : 'all'
}
