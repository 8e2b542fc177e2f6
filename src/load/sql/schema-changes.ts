import { type CompiledQuery, sql } from 'kysely'
import type { LostRows, SchemaChange } from '../../common/model.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import type { Table, TableColumn } from '../../schema/table.ts'
import { type ColumnChanges, columnChanges, type ExistingColumns } from './column-changes.ts'
import type { Engine, Session } from './engine.ts'
import { type MissingIndexes, missingIndexes } from './missing-indexes.ts'
import { type MadeColumns, refuseOthers } from './ownership.ts'
import type { StoredPolicies } from './stored-values.ts'

/** A change, and the query that makes it. */
interface Statement extends SchemaChange {
  readonly query: CompiledQuery
}

/** What earlier runs recorded about the tables, beside the tables themselves. */
export interface RecordedSchema {
  /** The policies that the comments of columns state. */
  readonly policies: StoredPolicies
  readonly inferred: readonly InferredColumn[]
  /** Null: an older version prepared the warehouse, which did not record them. */
  readonly made: MadeColumns | null
}

/** Tables or columns of a stream that somebody dropped, and that have been made again, empty. */
export interface Dropped extends Pick<LostRows, 'tables' | 'columns'> {
  readonly stream: string
  /** The stream's own table. */
  readonly root: Table
}

export interface SchemaChanges {
  readonly statements: readonly Statement[]
  /** Statements that have to wait until the tables are loaded. */
  readonly indexes: MissingIndexes
  /** What has to change in columns that may hold values, by stream. */
  readonly columns: ReadonlyMap<string, ColumnChanges>
  /** What the statements make again because somebody dropped it, for each stream that was read before. */
  readonly dropped: readonly Dropped[]
}

/**
 * The DDL after which the schema has all of `tables`. It creates and adds; it never drops a column, and never changes a
 * type: `migrate-columns.ts` does. NOT NULL is dropped where an older version set it and a record may lack the value.
 * @throws {DestinationError} `not_ours` if something that this program did not make has the name of one of them;
 * `incompatible` if a column of a system table has another type than declared.
 */
export async function schemaChanges(
  session: Session,
  engine: Engine,
  schema: string,
  tables: readonly Table[],
  { policies, inferred, made }: RecordedSchema,
): Promise<SchemaChanges> {
  const statements: Statement[] = []
  const dropped = new Map<string, { tables: string[]; columns: string[] }>()
  const droppedOf = ({ stream = '' }: Table): { tables: string[]; columns: string[] } => {
    const known = dropped.get(stream) ?? { tables: [], columns: [] }
    dropped.set(stream, known)
    return known
  }
  const add = (table: string, query: CompiledQuery): void => {
    statements.push({ table, query, sql: query.sql })
  }
  if (!(await schemaExists(session, schema))) add('', session.db.schema.createSchema(schema).compile())
  const stored = await columnsOf(session, schema)
  const relations = await session.relations(schema)
  refuseOthers(schema, tables, relations, made)
  const notNull = await notNullColumns(session, schema)
  for (const table of tables) {
    const qualified = sql.table(`${schema}.${table.name}`)
    const existing = stored.get(table.name)
    const recorded = new Set(made?.[table.name])
    const missing = table.columns.filter(column => !existing?.has(column.name))
    if (existing === undefined) add(table.name, createTable(session, engine, schema, table))
    else for (const column of missing) add(table.name, addColumn(session, engine, schema, table, column))
    if (table.stream !== undefined) {
      // A list or a column that was not recorded is one that a newer version declares. A root table is as old as its checkpoint.
      if (existing === undefined && (isRoot(table) || recorded.size > 0)) droppedOf(table).tables.push(table.name)
      for (const { name } of existing === undefined ? [] : missing)
        if (recorded.has(name)) droppedOf(table).columns.push(`${table.name}.${name}`)
    }
    if (existing === undefined)
      add(table.name, sql`comment on table ${qualified} is ${sql.lit(table.doc)}`.compile(session.db))
    for (const { name } of table.columns.filter(({ wasRequired }) => wasRequired))
      if (notNull.has(`${table.name}.${name}`))
        add(table.name, sql`alter table ${qualified} alter column ${sql.ref(name)} drop not null`.compile(session.db))
    const policyChanged = table.columns.filter(
      ({ name, policy = 'keep' }) => existing?.has(name) && (policies[`${table.name}.${name}`] ?? 'keep') !== policy,
    )
    for (const column of [...missing, ...policyChanged]) {
      const name = sql.ref(`${schema}.${table.name}.${column.name}`)
      add(table.name, sql`comment on column ${name} is ${sql.lit(column.doc)}`.compile(session.db))
    }
  }
  return {
    statements,
    columns: columnChanges(engine, tables, stored, { inferred, made }),
    indexes: missingIndexes(session, engine, schema, tables, relations),
    dropped: [...dropped].flatMap(([stream, what]) => {
      const root = tables.find(table => table.stream === stream && isRoot(table))
      return root ? [{ stream, root, ...what }] : []
    }),
  }
}

const isRoot = ({ columns }: Table): boolean => columns.some(({ name }) => name === '_synced_at')

function createTable(session: Session, engine: Engine, schema: string, table: Table): CompiledQuery {
  let create = session.db.schema.withSchema(schema).createTable(table.name)
  for (const column of table.columns)
    create = create.addColumn(column.name, sql`${engine.columnType(column.kind)}`, c =>
      column.required ? c.notNull() : c,
    )
  return engine.withPrimaryKey(create, table).compile()
}

/** Without NOT NULL: existing rows have no value. */
function addColumn(session: Session, engine: Engine, schema: string, table: Table, column: TableColumn): CompiledQuery {
  return session.db.schema
    .withSchema(schema)
    .alterTable(table.name)
    .addColumn(column.name, sql`${engine.columnType(column.kind)}`)
    .compile()
}

/** Not `create schema if not exists`: that needs the right to create even if the schema exists. */
async function schemaExists({ db }: Session, schema: string): Promise<boolean> {
  const rows = await db
    .selectFrom('information_schema.schemata')
    .select('schema_name')
    .where('schema_name', '=', schema)
    .execute()
  return rows.length > 0
}

/** Not by a column of it: to answer that, DuckDB lists the columns of all tables and views. */
export async function hasTable({ db }: Session, schema: string, table: string): Promise<boolean> {
  const found = await db
    .selectFrom('information_schema.tables')
    .select('table_name')
    .where('table_schema', '=', schema)
    .where('table_name', '=', table)
    .executeTakeFirst()
  return found !== undefined
}

/** The names of all tables and views in the schema. */
export async function tablesIn({ db }: Session, schema: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('information_schema.tables')
    .select('table_name')
    .where('table_schema', '=', schema)
    .execute()
  return rows.map(row => row.table_name)
}

export async function hasColumn({ db }: Session, schema: string, table: string, column: string): Promise<boolean> {
  const found = await db
    .selectFrom('information_schema.columns')
    .select('column_name')
    .where('table_schema', '=', schema)
    .where('table_name', '=', table)
    .where('column_name', '=', column)
    .executeTakeFirst()
  return found !== undefined
}

/** Columns that are NOT NULL, as `table.column`. */
async function notNullColumns({ db }: Session, schema: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('information_schema.columns')
    .select(['table_name', 'column_name'])
    .where('table_schema', '=', schema)
    .where('is_nullable', '=', 'NO')
    .execute()
  return new Set(rows.map(row => `${row.table_name}.${row.column_name}`))
}

/** The columns of every table in the schema. */
export async function columnsOf({ db }: Session, schema: string): Promise<ExistingColumns> {
  const rows = await db
    .selectFrom('information_schema.columns')
    .select(['table_name', 'column_name', 'data_type', 'numeric_precision', 'numeric_scale'])
    .where('table_schema', '=', schema)
    .execute()
  const tables = new Map<string, Map<string, string>>()
  for (const row of rows) {
    const columns = tables.get(row.table_name) ?? new Map<string, string>()
    const decimal = /^(numeric|decimal)/i.test(row.data_type)
    const type = decimal ? `decimal(${row.numeric_precision},${row.numeric_scale})` : row.data_type.toLowerCase()
    columns.set(row.column_name, type)
    tables.set(row.table_name, columns)
  }
  return tables
}
