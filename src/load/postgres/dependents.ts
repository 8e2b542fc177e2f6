import type pg from 'pg'
import type { Dependent } from '../sql/engine.ts'

/**
 * What uses a column, from `pg_depend`. Postgres refuses to change the type of a column that a view, a rule, a generated
 * column, a trigger, a policy or the body of a function in SQL uses. Indexes, constraints and statistics it makes again.
 */
export async function dependentsOf(
  client: pg.ClientBase,
  schema: string,
  table: string,
  column: string,
): Promise<readonly Dependent[]> {
  const { rows } = await client.query<Dependent>(
    `with recursive target as (
       select a.attrelid as relation, a.attnum as column_number from pg_attribute a
       join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relname = $2 and a.attname = $3 and not a.attisdropped),
     -- The rule of a view stands for the view.
     rules as (
       select r.oid, v.oid as view from pg_rewrite r join pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')),
     -- What uses the column, and what uses a view that does.
     users as (
       select d.classid, d.objid, d.objsubid, r.view from target t
       join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.relation and d.refobjsubid = t.column_number
       left join rules r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       union
       select d.classid, d.objid, d.objsubid, r.view from users u
       join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = u.view and d.deptype <> 'i'
       left join rules r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid)
     select distinct
       case v.relkind when 'v' then 'view ' || n.nspname || '.' || v.relname
         when 'm' then 'materialized view ' || n.nspname || '.' || v.relname
         else pg_describe_object(u.classid, u.objid, u.objsubid) end as what,
       u.classid in ('pg_constraint'::regclass, 'pg_statistic_ext'::regclass)
         or coalesce(c.relkind in ('i', 'I'), false) as rebuilt
     from users u
     left join pg_class v on v.oid = u.view left join pg_namespace n on n.oid = v.relnamespace
     left join pg_class c on u.classid = 'pg_class'::regclass and c.oid = u.objid
     left join pg_attrdef f on u.classid = 'pg_attrdef'::regclass and f.oid = u.objid
     -- The column's own default, and a sequence that it owns, go with it.
     where not exists (select 1 from target t where f.adrelid = t.relation and f.adnum = t.column_number)
       and c.relkind is distinct from 'S'
     order by 1`,
    [schema, table, column],
  )
  return rows
}
