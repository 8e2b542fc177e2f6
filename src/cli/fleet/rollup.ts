import { join } from 'node:path'
import { lines, type Printable } from '../../common/printable.ts'
import { VERSION } from '../../common/version.ts'
import { rollUpDuckdb, scriptOf } from '../../load/rollup/duckdb.ts'
import { dropOutdatedRollup, rollUpPostgres } from '../../load/rollup/postgres.ts'
import { ROLLUP_SCHEMA, type RollupReport, type RollupWanted } from '../../load/rollup/rollup.ts'
import { STREAMS, wantedViews } from '../app.ts'
import { databaseOf, type Fleet, type FleetStore } from '../config/fleet.ts'
import { problemText } from '../report.ts'

/** The stores of one Postgres database. Views can show the stores of one database only. */
interface Group {
  readonly url: string
  readonly stores: readonly FleetStore[]
}

function groupsOf({ stores }: Fleet): readonly Group[] {
  const groups = new Map<string, { url: string; stores: FleetStore[] }>()
  for (const store of stores) {
    const { destination } = store.config
    if (destination.kind !== 'postgres') continue
    const key = databaseOf(destination)
    const group = groups.get(key) ?? { url: destination.url, stores: [] }
    group.stores.push(store)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The DuckDB file with views over those of all stores. Not named as its schema: DuckDB could not tell them apart. */
const fileOf = ({ directory }: Fleet): string => join(directory, 'state', 'all.duckdb')

function wantedOf(stores: readonly FleetStore[]): RollupWanted {
  const tables = new Map<string, string>()
  const views = new Map<string, string>()
  for (const { config } of stores) {
    const wanted = wantedViews(config, STREAMS)
    for (const { name, doc } of wanted.tables) tables.set(name, doc)
    for (const { name, doc, schema } of wanted.views) if (schema === 'analytics') views.set(name, doc)
  }
  return {
    stores: stores.map(({ name, config }) => ({ store: name, schema: config.destination.schema })),
    tables,
    views,
    version: VERSION,
  }
}

/** Makes the views over all stores, in each Postgres database that holds some and in one DuckDB file. */
export async function rollUp(fleet: Fleet): Promise<readonly RollupReport[]> {
  const reports: RollupReport[] = []
  for (const { url, stores } of groupsOf(fleet)) reports.push(await rollUpPostgres(url, wantedOf(stores)))
  const files = fleet.stores.flatMap(store =>
    store.config.destination.kind === 'duckdb' ? [{ store, file: store.config.destination.file }] : [],
  )
  if (files.length > 0)
    reports.push(
      await rollUpDuckdb(
        fileOf(fleet),
        files.map(({ store, file }) => ({ store: store.name, file })),
        wantedOf(files.map(({ store }) => store)),
      ),
    )
  return reports
}

/** Drops views over all stores that another version has made: they would keep a store's columns from being converted. */
export async function clearTheWay(fleet: Fleet): Promise<void> {
  for (const { url } of groupsOf(fleet)) await dropOutdatedRollup(url, VERSION)
}

export function rollupText(reports: readonly RollupReport[]): readonly Printable[] {
  return reports.flatMap(({ place, made, dropped, problems }) => {
    const isFile = place.endsWith('.duckdb')
    const counts = [
      ...(made.length > 0 ? [`${made.length} views made`] : []),
      ...(dropped.length > 0 ? [`${dropped.length} dropped`] : []),
    ]
    const where = isFile ? `${place}, schema ${ROLLUP_SCHEMA}` : place
    return [
      lines(`all stores: ${where}: ${counts.length > 0 ? counts.join(', ') : 'as it was'}`),
      ...(isFile ? [lines(`  to ask it: duckdb -readonly ${place} -init ${scriptOf(place)}`)] : []),
      ...problems.map(problem => problemText(problem, `view ${problem.view}: `)),
    ]
  })
}
