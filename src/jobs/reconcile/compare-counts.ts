import { asFilter, minus } from '../../common/instant.ts'
import type { ComparableRows } from '../../load/reconciliation.ts'
import type { Stream } from '../../schema/stream.ts'
import { type Comparison, comparableRowsOf } from './comparison.ts'
import { lastSecondOf, monthsBetween, startOf } from './month.ts'

const DAY = 86_400_000

/** A count by the API beside the same count in SQL. */
export interface Counted {
  /** `all`, or a value of the column that is counted by. */
  readonly bucket: string
  readonly source: number
  readonly warehouse: number
  readonly agrees: boolean
}

/** The months in which records have to be compared. */
export interface MonthSelection {
  /** Months of creation; `all`: every record. */
  readonly months: 'all' | readonly string[]
  /** All months of the stream, from which a sample may be taken. */
  readonly known: readonly string[]
}

/** Compares counts, of the records created up to the watermark if the API can count by time. */
export async function compareCounts(comparison: Comparison): Promise<readonly Counted[]> {
  const { stream, watermark } = comparison
  const rows = comparableRowsOf(comparison)
  if (stream.count === null) return []
  if (stream.count.by !== undefined) return countBy(comparison, stream.count.by)
  if (!stream.count.ranges) return countAll(comparison, {}, rows)
  return countAll(comparison, { created_at_max: asFilter(watermark) }, { ...rows, before: afterSecond(watermark) })
}

/**
 * The months whose counts differ. A count only says where to compare records. It is never the result, because what it
 * includes and how it reads a filter is not certain for every resource.
 */
export async function suspectMonths(comparison: Comparison, counted: readonly Counted[]): Promise<MonthSelection> {
  const { stream, watermark, warehouse } = comparison
  const everything = { months: 'all', known: [] } as const
  if (counted.length === 0) return everything
  const agree = counted.every(({ agrees }) => agrees)
  if (!stream.created) return agree ? { months: [], known: [] } : everything
  if (!agree && !stream.count?.ranges) return everything
  const stored = [...(await warehouse.countComparable(comparableRowsOf(comparison))).keys()]
    .filter(month => month !== null)
    .sort()
  const [first] = stored
  const last = watermark.slice(0, 7)
  const known = first === undefined || first > last ? [last] : monthsBetween(first, last)
  return { months: agree ? [] : await narrow(comparison, known), known }
}

/** The end of the second of an instant, since filters are whole seconds. */
const afterSecond = (instant: ComparableRows['now']): ComparableRows['now'] =>
  `${asFilter(instant).slice(0, -1)}.999999Z` as ComparableRows['now']

const total = (months: ReadonlyMap<unknown, number>): number => [...months.values()].reduce((sum, n) => sum + n, 0)

async function countAll(
  comparison: Comparison,
  filters: Readonly<Record<string, string>>,
  rows: ComparableRows,
): Promise<readonly Counted[]> {
  const { source, stream, requestStats, signal, warehouse } = comparison
  const counted = await source.countWhere(stream, filters, requestStats, signal)
  if (counted === null) return []
  const stored = total(await warehouse.countComparable(rows))
  return [{ bucket: 'all', source: counted, warehouse: stored, agrees: counted === stored }]
}

/**
 * Compares the counts of each value of a column, such as the status of charges. For a value with a retention the API's count
 * may include the records past it or not [inferred], so it is compared with both counts of the warehouse.
 */
async function countBy(comparison: Comparison, column: string): Promise<readonly Counted[]> {
  const { source, stream, requestStats, signal, warehouse } = comparison
  const rows = comparableRowsOf(comparison)
  // The comparable rows end a day before the retention does; a clock a day earlier takes that day away.
  const untilRetention = { ...rows, now: minus(rows.now, DAY) }
  const withoutRetention = { ...rows, stream: { ...stream, retention: null } satisfies Stream }
  const values = (await warehouse.valuesOf(stream, column)).filter(value => value !== null)
  const counted: Counted[] = []
  let sum = 0
  for (const value of values.sort()) {
    // 2021-01 writes the values in upper case [observed].
    const filter = { [column]: value.toUpperCase() }
    const found = await source.countWhere(stream, filter, requestStats, signal)
    if (found === null) return []
    const stored = total(await warehouse.countComparable(withoutRetention, [column, value]))
    const hasRetention = stream.retention?.when?.[column]?.includes(value) ?? false
    const served = hasRetention ? total(await warehouse.countComparable(untilRetention, [column, value])) : stored
    const warehouseCount = found === stored ? stored : served
    counted.push({ bucket: value, source: found, warehouse: warehouseCount, agrees: found === warehouseCount })
    sum += found
  }
  const all = await source.countWhere(stream, {}, requestStats, signal)
  // If this is more than the sum, the source has a value that no row has.
  if (all !== null) counted.push({ bucket: 'all', source: all, warehouse: sum, agrees: all === sum })
  return counted
}

/**
 * Finds the months whose counts differ by bisection, so the number of requests grows with the differences and not with the
 * age of the store. Returns `all` if two halves do not add up to the whole: the filter then does not do what it says.
 */
async function narrow(comparison: Comparison, months: readonly string[]): Promise<MonthSelection['months']> {
  const { source, stream, requestStats, signal, warehouse, watermark } = comparison
  const before = afterSecond(watermark)
  const byMonth = await warehouse.countComparable({ ...comparableRowsOf(comparison), before })
  if (byMonth.has(null)) return 'all'
  const last = months.length - 1
  const atSource = (from: number, to: number): Promise<number | null> => {
    const until = to === last ? asFilter(watermark) : asFilter(lastSecondOf(months[to] ?? ''))
    const since = from === 0 ? {} : { created_at_min: asFilter(startOf(months[from] ?? '')) }
    return source.countWhere(stream, { ...since, created_at_max: until }, requestStats, signal)
  }
  const inWarehouse = (from: number, to: number): number =>
    months.slice(from, to + 1).reduce((sum, month) => sum + (byMonth.get(month) ?? 0), 0)
  const found: string[] = []
  const search = async (from: number, to: number, counted: number): Promise<boolean> => {
    if (counted === inWarehouse(from, to)) return true
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
