import type pg from 'pg'
import type { DescribedColumn } from '../sql/engine.ts'

/** The columns of all tables and views in these schemas that this user may read, in order. */
export async function describeColumns(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<readonly DescribedColumn[]> {
  const { rows } = await client.query<DescribedColumn>(COLUMNS, [[...schemas]])
  return rows
}

const COLUMNS = `
  select n.nspname as schema, c.relname as relation,
    case when c.relkind in ('v', 'm') then 'view' else 'table' end as kind, obj_description(c.oid, 'pg_class') as doc,
    a.attname as column, format_type(a.atttypid, a.atttypmod) as type, col_description(c.oid, a.attnum) as "columnDoc"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f') and has_column_privilege(c.oid, a.attnum, 'select')
    and has_schema_privilege(n.oid, 'usage')
  order by array_position($1, n.nspname::text), c.relname, a.attnum`
