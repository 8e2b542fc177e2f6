import type pg from 'pg'

/** Tables of the schema that a foreign key refers to: somebody else's, because this program makes none. */
export async function referencedTables(client: pg.ClientBase, schema: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select distinct c.relname as name from pg_constraint f
     join pg_class c on c.oid = f.confrelid join pg_namespace n on n.oid = c.relnamespace
     where f.contype = 'f' and n.nspname = $1`,
    [schema],
  )
  return new Set(rows.map(({ name }) => name))
}
