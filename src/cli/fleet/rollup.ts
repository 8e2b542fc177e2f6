import { join } from 'node:path'
import { lines, type Printable } from '../../common/printable.ts'
import { VERSION } from '../../common/version.ts'
import {
  dropOutdatedRollups,
  ROLLUP_SCHEMA,
  type RollupNames,
  type RollupReport,
  rollUp as rollUpStores,
  type StoreDestination,
} from '../../load/rollup.ts'
import { STREAMS, wantedViews } from '../app.ts'
import type { Fleet } from '../config/fleet.ts'
import { problemText } from '../report.ts'

/** The file of views over the files of all stores. Not named as its schema: DuckDB could not tell them apart. */
const fileOf = ({ directory }: Fleet): string => join(directory, 'state', 'all.duckdb')

const destinationsOf = ({ stores }: Fleet): readonly StoreDestination[] =>
  stores.map(({ name, config }) => ({ store: name, destination: config.destination }))

/** What any of the stores has. */
function namesOf({ stores }: Fleet): RollupNames {
  const tables = new Map<string, string>()
  const views = new Map<string, string>()
  for (const { config } of stores) {
    const wanted = wantedViews(config, STREAMS)
    for (const { name, doc } of wanted.tables) tables.set(name, doc)
    for (const { name, doc, schema } of wanted.views) if (schema === 'analytics') views.set(name, doc)
  }
  return { tables, views, version: VERSION }
}

/** Makes the views over all stores. */
export const rollUp = (fleet: Fleet): Promise<readonly RollupReport[]> =>
  rollUpStores(destinationsOf(fleet), namesOf(fleet), fileOf(fleet))

/** Drops views over all stores that another version has made: they would keep a store's columns from being converted. */
export const clearTheWay = (fleet: Fleet): Promise<void> => dropOutdatedRollups(destinationsOf(fleet), VERSION)

export function rollupText(reports: readonly RollupReport[]): readonly Printable[] {
  return reports.flatMap(({ place, script, made, dropped, problems }) => {
    const counts = [
      ...(made.length > 0 ? [`${made.length} views made`] : []),
      ...(dropped.length > 0 ? [`${dropped.length} dropped`] : []),
    ]
    const where = script === null ? place : `${place}, schema ${ROLLUP_SCHEMA}`
    return [
      lines(`all stores: ${where}: ${counts.length > 0 ? counts.join(', ') : 'as it was'}`),
      ...(script === null ? [] : [lines(`  to ask it: duckdb -readonly ${place} -init ${script}`)]),
      ...problems.map(problem => problemText(problem, `view ${problem.view}: `)),
    ]
  })
}
