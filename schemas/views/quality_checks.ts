import { int, oneOf, text } from '../../src/schema/column.ts'
import type { Stream } from '../../src/schema/stream.ts'
import { view } from '../../src/schema/view.ts'
import { unitOf } from '../../src/schema/view-sql/mrr.ts'
import { streams } from '../index.ts'

interface QualityCheck {
  readonly name: string
  /** `error`: figures are wrong. `warning`: some may be. `info`: good to know. */
  readonly severity: 'error' | 'warning' | 'info'
  /** What the rows are that are found, and what that does to the metrics. */
  readonly doc: string
  /** A query with one column, `example`, and a row for each row that fails. */
  readonly sql: string
}

const all: readonly Stream[] = streams

/** The values that a column is declared to have. */
function valuesOf(stream: string, column: string): string {
  const values = all.find(({ name }) => name === stream)?.columns[column]?.values ?? []
  return values.map(value => `'${value}'`).join(', ')
}

/** A state that no metric knows. */
const unknown = (stream: string, column: string): QualityCheck => ({
  name: `unknown ${column} of ${stream}`,
  severity: 'error',
  doc: `The ${column} is none that is known, or there is none. The rows are in no metric.`,
  sql: `
select coalesce(r.${column}, 'null') || ' of ' || cast(r.id as text) as example
from {{${stream}}} as r
where lower(r.${column}) not in (${valuesOf(stream, column)}) or r.${column} is null`,
})

/** A row whose parent is in no row. */
const orphan = (stream: string, column: string, parent: string): QualityCheck => ({
  name: `${stream} without ${parent}`,
  severity: 'warning',
  doc: `The ${column} is not in ${parent}. Joins lose these rows.`,
  sql: `
select cast(r.id as text) as example
from {{${stream}}} as r
where r.${column} is not null and not exists (select 1 from {{${parent}}} as p where p.id = r.${column})`,
})

/** Customers whose counter differs from the subscriptions that there are. */
const counter = (name: string, column: string, counted: string): QualityCheck => ({
  name,
  severity: 'info',
  doc: `${column} of the customer differs from the number of subscriptions in the table. Metrics use the table.`,
  sql: `
select cast(c.id as text) || ': ' || cast(c.${column} as text) || ' instead of ' || cast(coalesce(s.n, 0) as text) as example
from {{customers}} as c
left join (
  select s.customer_id, count(*) as n from {{subscriptions}} as s where ${counted} group by s.customer_id
) as s on s.customer_id = c.id
where c.${column} <> coalesce(s.n, 0)`,
})

const future = (stream: string): string => `
select '${stream} ' || cast(r.id as text) as example
from {{${stream}}} as r
cross join {{as_of}} as a
where r.updated_at > a.as_of + interval '1 day'`

/** The total of a row against its parts. Where prices include tax, the tax is in the items already. */
const total = (stream: 'charges' | 'orders', owner: string): QualityCheck => ({
  name: `total of ${stream} against parts`,
  severity: 'warning',
  doc: 'total_price is not items - discounts + tax + shipping + duties, nor that without the tax. The difference is in the column other.',
  sql: `
select cast(r.id as text) as example
from {{${stream}}} as r
left join (
  select l.${owner}, sum(l.price) as shipping from {{${stream}__shipping_lines}} as l group by l.${owner}
) as s on s.${owner} = r.id
where r.total_price - coalesce(r.total_line_items_price, 0) + coalesce(r.total_discounts, 0) - coalesce(s.shipping, 0) - coalesce(r.total_duties, 0)
  not in (0, coalesce(r.total_tax, 0))${stream === 'orders' ? ' and not (r.total_price = 0 and coalesce(r.is_prepaid, false))' : ''}`,
})

const lines = (stream: 'charges' | 'orders', owner: string): QualityCheck => ({
  name: `lines of ${stream} against ${stream}`,
  severity: 'warning',
  doc: 'The lines do not add up to total_line_items_price. Figures by product then divide the amount by the prices of the lines; what has no lines is in no product.',
  sql: `
select cast(r.id as text) as example
from {{${stream}}} as r
left join (
  select l.${owner}, sum(l.original_price * l.quantity) as items from {{${stream}__line_items}} as l group by l.${owner}
) as l on l.${owner} = r.id
where r.total_line_items_price <> coalesce(l.items, 0)`,
})

const CHECKS: readonly QualityCheck[] = [
  {
    name: 'orders without charge',
    severity: 'warning',
    doc: 'The order was processed while charges are complete, and its charge is not in the table. A prepaid order then has a share of the largest total among the orders of its charge.',
    sql: `
select cast(o.id as text) as example
from {{orders}} as o
join {{completeness}} as w on w.stream = 'charges' and o.processed_at >= w.complete_from
where lower(o.status) in ('success', 'pending_charge_status') and coalesce(o.is_prepaid, false) = false
  and not exists (select 1 from {{charges}} as c where c.id = o.charge_id)`,
  },
  orphan('orders', 'customer_id', 'customers'),
  orphan('charges', 'customer_id', 'customers'),
  orphan('subscriptions', 'customer_id', 'customers'),
  orphan('subscriptions', 'address_id', 'addresses'),
  total('charges', 'charge_id'),
  total('orders', 'order_id'),
  lines('charges', 'charge_id'),
  lines('orders', 'order_id'),
  {
    name: 'orders without day',
    severity: 'error',
    doc: 'The order is realized and has no processed_at, so it is in no day and no month.',
    sql: `
select cast(o.id as text) as example
from {{orders}} as o
where lower(o.status) = 'success' and o.processed_at is null`,
  },
  counter('active subscriptions of customers', 'subscriptions_active_count', `lower(s.status) = 'active'`),
  counter(
    'subscriptions of customers',
    'subscriptions_total_count',
    `lower(s.status) in ('active', 'cancelled', 'expired')`,
  ),
  unknown('charges', 'status'),
  unknown('orders', 'status'),
  unknown('subscriptions', 'status'),
  unknown('orders', 'type'),
  {
    name: 'unknown interval of subscriptions',
    severity: 'error',
    doc: 'The subscription is active, and its price, quantity or interval is not known. It is in no monthly recurring revenue.',
    sql: `
select cast(s.id as text) as example
from {{subscriptions}} as s
where lower(s.status) = 'active'
  and (s.price is null or s.quantity is null or ${unitOf('s.order_interval_unit')} is null
    or coalesce(s.charge_interval_frequency, s.order_interval_frequency, 0) = 0)`,
  },
  {
    name: 'unknown error types',
    severity: 'info',
    doc: 'The error type of a charge is in no group. The charge counts in the group other. The setting analytics.error_groups may name it.',
    sql: `
select c.error_type as example
from {{charges}} as c
where c.error_type is not null and not exists (select 1 from {{error_groups}} as g where g.error_type = c.error_type)`,
  },
  {
    name: 'more than one currency',
    severity: 'info',
    doc: 'Realized orders have these currencies. Each is counted by itself: never add them up.',
    sql: `
select k.currency as example
from (
  select coalesce(o.currency, 'none') as currency, count(*) over () as currencies
  from (select distinct o.currency from {{orders}} as o where lower(o.status) in ('success', 'pending_charge_status')) as o
) as k
where k.currencies > 1`,
  },
  {
    name: 'updates in the future',
    severity: 'warning',
    doc: 'The record says that it changed more than a day after as_of. Times of it cannot be trusted.',
    sql: ['charges', 'orders', 'subscriptions', 'customers'].map(future).join('\nunion all'),
  },
  {
    name: 'e-mail of several customers',
    severity: 'info',
    doc: 'Several customers have the same e-mail. They are counted as several: join on ids.',
    sql: `
select k.email as example
from (select lower(c.email) as email, count(*) over (partition by lower(c.email)) as n from {{customers}} as c where c.email is not null) as k
where k.n > 1`,
  },
  {
    name: 'gaps',
    severity: 'warning',
    doc: 'The source forgot changes before a run had read them. See completeness.',
    sql: `select g.stream as example from {{table _sync_gaps}} as g`,
  },
  {
    name: 'rejected records',
    severity: 'warning',
    doc: 'Records that could not be loaded are in _sync_rejects, and in no metric.',
    sql: `select r.stream || ' ' || coalesce(r.key, 'without a key') as example from {{table _sync_rejects}} as r`,
  },
]

const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`

export default view({
  name: 'quality_checks',
  layer: 'trust',
  doc: 'What in the data should not be, one row for each check, with 0 failing rows if all is well. A check that fails says what it does to the metrics.',
  grain: ['name'],
  materialized: true,
  columns: {
    name: text('Name of the check.'),
    severity: oneOf(
      ['error', 'warning', 'info'],
      text('error: metrics leave something out. warning: a figure may be wrong. info: good to know.'),
    ),
    failing_rows: int('Number of rows that fail.'),
    example: text('One of them: its id, or the value that is meant.'),
    description: text('What the rows are, and what that does to the metrics.'),
  },
  sql: CHECKS.map(
    ({ name, severity, doc, sql }) =>
      `select ${literal(name)} as name, ${literal(severity)} as severity, count(*) as failing_rows, min(f.example collate "C") as example, ${literal(doc)} as description from (${sql}\n) as f`,
  ).join('\nunion all\n'),
})
