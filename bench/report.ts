/* The tables of `npm run bench`. */

/** One measurement of a load. */
export interface Row {
  readonly destination: string
  readonly what: string
  readonly records: number
  readonly seconds: number
  readonly perSecond: number
  /** CPU seconds per million records. */
  readonly cpu: number
  readonly megabytes: number
  /** Compared with the limit measured before and after: the speed as a share, the CPU as a multiple. */
  readonly ofLimit: { readonly perSecond: number; readonly cpu: number }
}

/** Milliseconds for the commit of a page of 250 records, into an empty table and into one with so many rows. */
export interface Page {
  readonly destination: string
  readonly rows: number
  readonly empty: number
  readonly fresh: number
  readonly recent: number
  readonly scattered: number
}

/** For each pair, the speed of `sync` as a share of that of a first load. */
export interface OfLoad {
  readonly destination: string
  readonly records: number
  readonly shares: readonly number[]
}

const fixed = (n: number, digits = 2): string => n.toFixed(digits)

/** @param file size of the DuckDB file divided by that of plain copies of its tables. */
export function report(
  rows: readonly Row[],
  ofLoads: readonly OfLoad[],
  pageRows: readonly Page[],
  file: number | null,
  charges: number,
): string {
  return [
    '| destination | what | records | seconds | records/s | ÷ limit | CPU s per million | ÷ limit | peak resident size |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      r =>
        `| ${r.destination} | ${r.what} | ${r.records} | ${fixed(r.seconds, 1)} | ${Math.round(r.perSecond)} | ${fixed(r.ofLimit.perSecond)} | ${fixed(r.cpu, 1)} | ${fixed(r.ofLimit.cpu)} | ${r.megabytes} MB |`,
    ),
    '',
    ...ofLoads.map(
      ({ destination, records, shares }) =>
        `The whole of \`sync\` of ${records} into ${destination} has these parts of the speed of a first load: ${shares.map(n => fixed(n)).join(', ')}.`,
    ),
    '',
    'One page of 250 records, in milliseconds, and how many times as long as into an empty table:',
    '',
    '| destination | charges in the table | into an empty table | new | recent ones changed | scattered ones changed |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...pageRows.map(p => {
      const times = (n: number): string => `${fixed(n, 0)} (${fixed(n / p.empty, 1)})`
      return `| ${p.destination} | ${p.rows} | ${fixed(p.empty, 0)} | ${times(p.fresh)} | ${times(p.recent)} | ${times(p.scattered)} |`
    }),
    '',
    `The DuckDB file of ${charges} charges is ${fixed(file ?? 0)} times that of plain copies of its tables.`,
  ].join('\n')
}
