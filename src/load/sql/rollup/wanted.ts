import type { ViewProblem } from '../../../common/run-report.ts'
import type { RolledUp } from './union.ts'

/** The schemas of views over all stores: of tables, and of views for analysts, as of a single store. */
export const ROLLUP_SCHEMA = 'recharge_all'

/** What is shown of each store. */
export interface RollupWanted {
  readonly stores: readonly RolledUp[]
  /** Names of tables, with their descriptions. */
  readonly tables: ReadonlyMap<string, string>
  /** Names of views for analysts, with their descriptions. */
  readonly views: ReadonlyMap<string, string>
  /** Version of the program: a new one may convert columns, which no view may use meanwhile. */
  readonly version: string
}

/** What was done about the views over all stores. */
export interface RollupReport {
  /** The database or the file that they are in. */
  readonly place: string
  /** The file with statements that attach the files of the stores; null: none are needed. */
  readonly script: string | null
  readonly made: readonly string[]
  readonly dropped: readonly string[]
  readonly problems: readonly ViewProblem[]
}

/** The schemas, each with what is in it and the schema of a store that it shows. */
export const partsOf = ({ tables, views }: RollupWanted) => [
  { schema: ROLLUP_SCHEMA, ofStore: (schema: string): string => schema, names: tables },
  { schema: `${ROLLUP_SCHEMA}_analytics`, ofStore: (schema: string): string => `${schema}_analytics`, names: views },
]
