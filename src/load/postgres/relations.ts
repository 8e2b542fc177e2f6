import type pg from 'pg'
import type { CatalogEntry, Relation } from '../sql/engine.ts'

/** By `pg_class.relkind`. A partitioned table is a table. */
const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  c: 'type',
}

/** From `pg_class`: `information_schema` lists no materialized view, and no table that this user may not read. */
export async function relationsIn(client: pg.ClientBase, schema: string): Promise<ReadonlyMap<string, Relation>> {
  const { rows } = await client.query<{ name: string; kind: string; columns: string[]; indexed: string[] }>(
    `select c.relname as name, c.relkind as kind, array(
       select a.attname::text from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns, array(
       select a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
       where i.indrelid = c.oid and i.indisvalid and i.indpred is null) as indexed
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind <> 't'`,
    [schema],
  )
  return new Map(
    rows.map(({ name, kind, columns, indexed }) => [name, { kind: KINDS[kind] ?? 'relation', columns, indexed }]),
  )
}

/** Everything in several schemas, with its comment. */
export async function catalogOf(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, CatalogEntry>> {
  const { rows } = await client.query<{ name: string; kind: string; columns: string[]; comment: string | null }>(
    `select n.nspname || '.' || c.relname as name, c.relkind as kind, array(
       select a.attname::text from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns,
       obj_description(c.oid, 'pg_class') as comment
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1) and c.relkind not in ('t', 'i', 'I')`,
    [[...schemas]],
  )
  return new Map(
    rows.map(({ name, kind, columns, comment }) => [name, { kind: KINDS[kind] ?? 'relation', columns, comment }]),
  )
}
