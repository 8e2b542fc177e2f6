import { type RawBuilder, sql } from 'kysely'

/** A string of JSON as a whole, or a separator and the space that Postgres writes after it. */
const SPACED = '("(?:[^"\\\\]|\\\\.)*")|([:,]) '

/**
 * The text of a JSON value. Postgres shows JSON with spaces and sends none; a string is matched as a whole, so that nothing
 * is changed in it.
 */
export const jsonAsText = (value: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`case jsonb_typeof(${value}) when 'string' then ${value} #>> '{}' when 'null' then null
    else nullif(nullif(regexp_replace(cast(${value} as text), ${sql.lit(SPACED)}, '\\1\\2', 'g'), '{}'), '[]') end`

/** The elements of a list in JSON, as a relation. */
export const jsonElements = (list: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(select u.n - 1 as "index", u.element
    from jsonb_array_elements(case jsonb_typeof(${list}) when 'array' then ${list} end) with ordinality as u (element, n))`

/** The text of a member of an object. Postgres keeps the zeros at the end of a number, and DuckDB does not. */
export function jsonMember(object: RawBuilder<unknown>, name: string): RawBuilder<unknown> {
  const value = sql`(${object} -> ${sql.lit(name)})`
  return sql`case jsonb_typeof(${value}) when 'number' then cast(trim_scale(cast(${value} as numeric)) as text)
    else ${jsonAsText(value)} end`
}
