import type pg from 'pg'
import type { Dependent, ViewUser } from '../sql/engine.ts'

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
       case when v.relkind = 'v' then n.nspname || '.' || v.relname end as view,
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

/** What uses the views of these schemas directly. A trigger, which would go with its view, counts too. */
export async function viewUsers(client: pg.ClientBase, schemas: readonly string[]): Promise<readonly ViewUser[]> {
  const { rows } = await client.query<ViewUser>(
    `select distinct n.nspname || '.' || v.relname as used,
       case u.relkind when 'v' then 'view ' || un.nspname || '.' || u.relname
         when 'm' then 'materialized view ' || un.nspname || '.' || u.relname
         else pg_describe_object(d.classid, d.objid, d.objsubid) end as what,
       case when u.relkind = 'v' then un.nspname || '.' || u.relname end as view
     from pg_class v
     join pg_namespace n on n.oid = v.relnamespace
     join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = v.oid and d.deptype <> 'i'
     left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
     left join pg_class u on u.oid = r.ev_class
     left join pg_namespace un on un.oid = u.relnamespace
     where n.nspname = any($1) and v.relkind = 'v' and u.oid is distinct from v.oid
     order by 1, 2`,
    [[...schemas]],
  )
  return rows
}

/** `grant` statements for all that a view, and each of its columns, is granted to others than its owner. */
export async function grantsOn(client: pg.ClientBase, schema: string, view: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('grant %s%s on table %I.%I to %s%s', g.privilege_type, g.columns, n.nspname, c.relname,
       case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
       case when g.is_grantable then ' with grant option' else '' end) as statement
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     cross join lateral (
       select a.privilege_type, a.grantee, a.is_grantable, '' as columns from aclexplode(c.relacl) a
       union all
       select a.privilege_type, a.grantee, a.is_grantable, format(' (%I)', t.attname)
       from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid and not t.attisdropped
     ) g
     where n.nspname = $1 and c.relname = $2 and g.grantee <> c.relowner
     order by 1`,
    [schema, view],
  )
  return rows.map(({ statement }) => statement)
}
