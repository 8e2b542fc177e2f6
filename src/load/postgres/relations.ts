import type pg from 'pg'
import type { RelationKind } from '../sql/engine.ts'

/** By `pg_class.relkind`. A partitioned table is a table. */
const KINDS: Readonly<Record<string, RelationKind>> = {
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
export async function relationsIn(client: pg.ClientBase, schema: string): Promise<ReadonlyMap<string, RelationKind>> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    `select c.relname as name, c.relkind as kind from pg_class c
     join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind <> 't'`,
    [schema],
  )
  return new Map(rows.map(({ name, kind }) => [name, KINDS[kind] ?? 'relation']))
}
