import { type RawBuilder, sql } from 'kysely'
import type { ColumnKind } from '../../schema/column.ts'
import type { TableColumn } from '../../schema/table.ts'
import type { Engine } from './engine.ts'

/*
 * Which stored values become values of another kind, and how. A conversion is safe if the stored value decides what a load
 * of the same record would write. So these are not:
 *
 * - a decimal or an instant to text: `12.50` and `12.5`, or two offsets, are stored alike.
 * - anything but a text to JSON, and an instant from a day, for the same reason.
 * - any value to a day that another column keeps whole: the rule for it needs the text that was sent.
 *
 * An int, a day and a flag become the text that the API usually writes for them. The rules for texts are a part of those in
 * `transform/coerce.ts`, which a load follows: what they do not cover, such as `1e3` or an HTTP date, is not converted.
 */

type Sql = RawBuilder<unknown>

/** How the values of a column become values of another kind, as SQL. */
export interface Conversion {
  /** The value in its new type. Null where it cannot be converted, and where it means null. */
  readonly converted: Sql
  /** Whether a stored value means null in the new type. */
  readonly meansNull: Sql
}

/** @param from kind of the stored values. @param stored the column that holds them. @returns null: no value is safe. */
export function conversion(
  engine: Pick<Engine, 'columnType' | 'jsonAsText'>,
  from: ColumnKind,
  column: TableColumn,
  stored: Sql,
): Conversion | null {
  if (column.derived) return null
  const as = (kind: ColumnKind, value: Sql): Sql => sql`cast(${value} as ${engine.columnType(kind)})`
  if (from === 'json') {
    const text = engine.jsonAsText(stored)
    if (column.kind === 'text') return { converted: text, meansNull: sql`${text} is null` }
    const converted = FROM_TEXT[column.kind]?.(text, as, column)
    return converted ? { converted, meansNull: sql`coalesce(${isEmptyText(text, column.kind)}, true)` } : null
  }
  const rule = from === 'text' ? FROM_TEXT[column.kind] : FROM_OTHERS[`${from} ${column.kind}`]
  if (rule === undefined) return null
  const meansNull = from === 'text' ? isEmptyText(stored, column.kind) : sql`false`
  return { converted: rule(stored, as, column), meansNull }
}

/** Whether an empty text means null in a column of the kind. For a time it has to be empty, for others it may have spaces. */
function isEmptyText(text: Sql, kind: ColumnKind): Sql {
  if (kind === 'json') return sql`false`
  return kind === 'instant' || kind === 'day' ? sql`${text} = ''` : sql`${trimmed(text)} = ''`
}

type As = (kind: ColumnKind, value: Sql) => Sql
type Rule = (value: Sql, as: As, column: TableColumn) => Sql

const FROM_OTHERS: Readonly<Record<string, Rule>> = {
  'int text': (value, as) => as('text', value),
  'day text': (value, as) => as('text', value),
  'flag text': (value, as) => as('text', value),
  'int money': (value, as) => where(sql`${value} between -999999999999 and 999999999999`, as('money', value)),
  'int rate': (value, as) => where(sql`${value} between -999999999999999999 and 999999999999999999`, as('rate', value)),
  'int flag': value => sql`case ${value} when 0 then false when 1 then true end`,
  'money rate': (value, as) => as('rate', value),
  'money int': wholeNumber,
  'rate int': wholeNumber,
  'rate money': (value, as) =>
    where(
      sql`${value} between -999999999999.999999 and 999999999999.999999`,
      where(sql`${as('money', value)} = ${value}`, as('money', value)),
    ),
  'instant day': value =>
    sql`case when ${isMidnight(sql`${value} at time zone ${EASTERN}`)} then cast(${value} at time zone ${EASTERN} as date)
      when ${isMidnight(sql`${value} at time zone 'UTC'`)} then cast(${value} at time zone 'UTC' as date) end`,
}

/** Both `rate` and `money` have fewer digits before the point than a BIGINT holds. */
function wholeNumber(value: Sql, as: As): Sql {
  return where(sql`floor(${value}) = ${value}`, as('int', value))
}

const FROM_TEXT: Readonly<Partial<Record<ColumnKind, Rule>>> = {
  int(value, as) {
    const whole = sql`cast(regexp_replace(${trimmed(value)}, '[.]0*$', '') as decimal(20, 0))`
    return where(
      sql`${trimmed(value)} ~ '^[+-]?0*[0-9]{1,19}([.]0*)?$'`,
      where(sql`${whole} between -9223372036854775808 and 9223372036854775807`, as('int', whole)),
    )
  },
  money: (value, as) => decimal(trimmed(value), 12, 6, as, 'money'),
  rate: (value, as) => decimal(trimmed(value), 18, 10, as, 'rate'),
  flag: value =>
    sql`case when lower(${trimmed(value)}) in ('1', 'true') then true when lower(${trimmed(value)}) in ('0', 'false') then false end`,
  instant: (value, _as, { zone }) => instant(trimmed(value), zone ?? 'America/New_York'),
  day(value) {
    const text = trimmed(value)
    const eastern = sql`${instant(text, 'America/New_York')} at time zone ${EASTERN}`
    // Of a midnight, the day as written counts.
    return where(
      sql`${text} ~ ${sql.lit(ISO)}`,
      where(
        isDay(sql`substr(${text}, 1, 10)`),
        sql`case when ${text} ~ ${sql.lit(MIDNIGHT)} then cast(substr(${text}, 1, 10) as date)
          when ${isMidnight(eastern)} then cast(${eastern} as date) end`,
      ),
    )
  },
  json: (value, as) =>
    where(
      // Such a text may have been sent as a number, as a boolean, or as the list or object of which it is the JSON.
      sql`not (${value} ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$' or ${value} in ('true', 'false') or substr(${value}, 1, 1) in ('{', '['))`,
      as('json', sql`to_json(${value})`),
    ),
}

/** `value` where the condition holds, else null. Only CASE makes sure that the value is not computed where it does not hold. */
const where = (condition: Sql, value: Sql): Sql => sql`case when ${condition} then ${value} end`

const trimmed = (text: Sql): Sql => sql`trim(${text}, ${sql.lit(' \t\n\r')})`

/** Digits before and after the point as the type has them; zeros may go on for longer. */
const decimal = (text: Sql, whole: number, decimals: number, as: As, kind: 'money' | 'rate'): Sql =>
  where(
    sql`${text} ~ ${sql.lit(`^[+-]?0*[0-9]{0,${whole}}([.][0-9]{0,${decimals}}0*)?$`)} and ${text} ~ '^.*[0-9].*$'`,
    as(kind, text),
  )

const EASTERN = sql.lit('America/New_York')
/** ISO 8601 as the API writes it: a day, or a time with or without an offset. More than six decimals only if they are zero. */
const ISO =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,6}0{0,3})?)?\\s*([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?$'
const MIDNIGHT = '^[0-9-]{10}([T ]00:00(:00([.,]0+)?)?\\s*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?)?$'
const WITH_OFFSET = '^.{11,}([Zz]|[+-][0-9]{2}:?([0-9]{2})?)$'

/** The instant of an ISO text without spaces around it. Without an offset it is wall time in `zone`. */
function instant(text: Sql, zone: string): Sql {
  const time = sql`replace(regexp_replace(substr(${text}, 11), '^[T ]([0-9:]{5,8})([.,][0-9]{1,6})?.*$', '\\1\\2'), ',', '.')`
  const wall = sql`(cast(substr(${text}, 1, 10) as timestamp) + cast(coalesce(nullif(${time}, ''), '00:00:00') as interval))`
  const sign = sql`regexp_replace(${text}, '^.*([Zz]|[+-])[0-9:]*$', '\\1')`
  const digits = sql`rpad(regexp_replace(regexp_replace(${text}, '^.*([Zz]|[+-])([0-9:]*)$', '\\2'), ':', ''), 4, '0')`
  const offset = sql`cast(substr(${digits}, 1, 2) || ':' || substr(${digits}, 3, 2) || ':00' as interval)`
  const utc = sql`(case when ${sign} = '-' then ${wall} + ${offset} else ${wall} - ${offset} end) at time zone 'UTC'`
  const at = sql`case when ${text} ~ ${sql.lit(WITH_OFFSET)} then ${utc} else ${ofWallTime(wall, zone)} end`
  const inRange = sql`${at} between timestamptz '0001-01-01 00:00:00+00' and timestamptz '9999-12-31 23:59:59.999999+00'`
  return where(sql`${text} ~ ${sql.lit(ISO)}`, where(isDay(sql`substr(${text}, 1, 10)`), where(inRange, at)))
}

/**
 * The instant of wall time. Both databases take the later of two instants if a clock change repeats some time, and the offset
 * before the change if it skips some. A load takes the first of two: with the offset of a day before. How much is repeated is
 * not always an hour; New York repeated four minutes in 1883.
 */
function ofWallTime(wall: Sql, zone: string): Sql {
  const name = sql.lit(zone)
  const later = sql`(${wall} at time zone ${name})`
  const dayBefore = sql`(${later} - interval '24 hours')`
  const offset = sql`((${dayBefore} at time zone ${name}) - (${dayBefore} at time zone 'UTC'))`
  const earlier = sql`((${wall} - ${offset}) at time zone 'UTC')`
  return sql`case when (${earlier} at time zone ${name}) = ${wall} then ${earlier} else ${later} end`
}

/** Whether a text in the form of YYYY-MM-DD is a day of the calendar, in the years 1 to 9999. */
function isDay(text: Sql): Sql {
  const [year, month, day] = [sql`substr(${text}, 1, 4)`, sql`substr(${text}, 6, 2)`, sql`substr(${text}, 9, 2)`]
  const isLeap = sql`cast(${year} as int) % 4 = 0 and (cast(${year} as int) % 100 <> 0 or cast(${year} as int) % 400 = 0)`
  return sql`${year} <> '0000' and ${month} between '01' and '12' and ${day} between '01' and case
    when ${month} in ('04', '06', '09', '11') then '30' when ${month} <> '02' then '31' when ${isLeap} then '29' else '28' end`
}

const isMidnight = (wall: Sql): Sql => sql`cast(cast(${wall} as date) as timestamp) = ${wall}`
