import { type CompiledQuery, sql } from 'kysely'
import { DestinationError } from '../../common/errors.ts'
import type { SchemaChange } from '../../common/model.ts'
import type { InferredColumn } from '../../schema/inferred-columns.ts'
import { identifier } from '../../schema/name.ts'
import type { Table, TableColumn } from '../../schema/table.ts'
import type { Engine, Session } from './engine.ts'
import type { Noted } from './settings.ts'

/** One statement, and how it reads. */
interface Statement extends SchemaChange {
  readonly query: CompiledQuery
}

/** What earlier runs left, besides the columns themselves. */
export interface Past {
  /** What the comments of columns say is stored. */
  readonly policies: Noted
  /** Columns that were made for undeclared fields. */
  readonly inferred: readonly InferredColumn[]
}

type Stored = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * The DDL that makes the schema hold `tables`: creates and adds, never drops, never changes a type.
 * @throws {DestinationError} `incompatible` where a column has another type than its declaration, with the DDL that a
 * person would run.
 */
export async function changes(
  session: Session,
  engine: Engine,
  schema: string,
  tables: readonly Table[],
  { policies, inferred }: Past,
): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  const add = (table: string, query: CompiledQuery): void => {
    statements.push({ table, query, sql: query.sql })
  }
  if (!(await schemaExists(session, schema))) add('', session.db.schema.createSchema(schema).compile())
  const stored = await columnsOf(session, schema)
  const clashes: string[] = []
  for (const table of tables) {
    const at = sql.table(`${schema}.${table.name}`)
    const there = stored.get(table.name)
    const existing = there && new Map(there)
    // Declared by now, and otherwise: what was made steps aside with what it holds.
    for (const { column, kind } of inferred.filter(made => made.table === table.name)) {
      const declared = table.columns.find(({ name, inferred }) => name === column && !inferred)
      if (!declared || !existing?.has(column) || declared.kind === kind) continue
      const aside = sql.ref(identifier(`${column}_was_${kind}`))
      add(table.name, sql`alter table ${at} rename column ${sql.ref(column)} to ${aside}`.compile(session.db))
      existing.delete(column)
    }
    const missing = table.columns.filter(column => !existing?.has(column.name))
    if (existing === undefined) add(table.name, createTable(session, engine, schema, table))
    else for (const column of missing) add(table.name, addColumn(session, engine, schema, table, column))
    if (existing === undefined)
      add(table.name, sql`comment on table ${at} is ${sql.lit(table.doc)}`.compile(session.db))
    const said = table.columns.filter(
      ({ name, policy = 'keep' }) => existing?.has(name) && (policies[`${table.name}.${name}`] ?? 'keep') !== policy,
    )
    for (const column of [...missing, ...said]) {
      const name = sql.ref(`${schema}.${table.name}.${column.name}`)
      add(table.name, sql`comment on column ${name} is ${sql.lit(column.doc)}`.compile(session.db))
    }
    for (const column of table.columns) {
      const type = existing?.get(column.name)
      if (type === undefined || type === engine.shownAs(column.kind)) continue
      const change = sql`alter table ${at} alter column ${sql.ref(column.name)} type ${engine.columnType(column.kind)}`
      clashes.push(`${table.name}.${column.name} is ${type}: ${change.compile(session.db).sql};`)
    }
  }
  if (clashes.length > 0)
    throw new DestinationError('incompatible', `columns have another type than declared:\n  ${clashes.join('\n  ')}`)
  return statements
}

function createTable(session: Session, engine: Engine, schema: string, table: Table): CompiledQuery {
  let create = session.db.schema.withSchema(schema).createTable(table.name)
  for (const column of table.columns)
    create = create.addColumn(column.name, sql`${engine.columnType(column.kind)}`, c =>
      column.required ? c.notNull() : c,
    )
  return engine.constrain(create, table).compile()
}

/** Added without NOT NULL: the rows already there have no value. */
function addColumn(session: Session, engine: Engine, schema: string, table: Table, column: TableColumn): CompiledQuery {
  return session.db.schema
    .withSchema(schema)
    .alterTable(table.name)
    .addColumn(column.name, sql`${engine.columnType(column.kind)}`)
    .compile()
}

/** Asked first: `create schema if not exists` needs the right to create even where the schema is there. */
async function schemaExists({ db }: Session, schema: string): Promise<boolean> {
  const rows = await db
    .selectFrom('information_schema.schemata')
    .select('schema_name')
    .where('schema_name', '=', schema)
    .execute()
  return rows.length > 0
}

/** Asked for one table: all columns of all tables take as long to list as a commit. */
export async function hasTable({ db }: Session, schema: string, table: string): Promise<boolean> {
  const column = await db
    .selectFrom('information_schema.columns')
    .select('column_name')
    .where('table_schema', '=', schema)
    .where('table_name', '=', table)
    .limit(1)
    .executeTakeFirst()
  return column !== undefined
}

/** Columns of every table in the schema, each with its type as shown. */
export async function columnsOf({ db }: Session, schema: string): Promise<Stored> {
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
