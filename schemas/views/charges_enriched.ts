import { day, flag, instant, int, oneOf, text } from '../../src/schema/column.ts'
import { amount, view } from '../../src/schema/view.ts'

export default view({
  name: 'charges_enriched',
  layer: 'metrics',
  doc: 'One row for each charge, with what analyses of billing ask: failed, recovered, lost. The API forgets processed charges after 90 days, so revenue is counted over orders_enriched.',
  grain: ['charge_id'],
  materialized: true,
  columns: {
    charge_id: int('Recharge id of the charge; a queued one gets a new id whenever it is rebuilt.'),
    customer_id: int('Id of the customer who is billed.'),
    address_id: int('Id of the address that it is shipped to.'),
    currency: text('ISO code of the currency of all amounts. Never sum over several.'),
    charge_type: oneOf(['checkout', 'recurring'], text('Where the charge comes from.')),
    status: text('State of the charge, in lower case.'),
    is_processed: flag('Whether it was paid: success, refunded or partially_refunded.'),
    is_queued: flag('Whether it is still to come.'),
    is_skipped: flag('Whether it was skipped.'),
    is_pending: flag('Whether a payment is under way: pending or pending_manual_payment.'),
    is_error: flag('Whether the newest attempt failed.'),
    attempts: int(
      'Number of attempts to collect payment; null until one failed. It is not proven whether a successful attempt is counted too.',
    ),
    first_failed: flag(
      'Whether the first attempt failed: the charge is in error, or it was paid after a failure. A paid charge had a failure if it has more than one attempt, or one attempt and was paid after its scheduled day: this is right whether or not the successful attempt is counted.',
    ),
    recovered: flag('Whether it was paid after a failure.'),
    lost: flag(
      'Whether no further attempt is made: in error, with the error type CLOSED_MAX_RETRIES_REACHED or one of the group max_retries.',
    ),
    is_open: flag('Whether it is in error and another attempt may follow.'),
    error_type: text('Error type, as the API sends it.'),
    error_group: text('Its group from error_groups; other if it is in none; null without an error type.'),
    error: text('What went wrong, in free text.'),
    payment_processor: text('Payment processor of the charge.'),
    scheduled_on: day('Day on which the customer is, or was, to be billed.'),
    processed_at: instant('When payment succeeded.'),
    processed_on: day('Its day in the reporting zone.'),
    created_on: day('Day on which the charge was created, in the reporting zone.'),
    retry_on: day('Day of the next attempt, in US Eastern, in which the API counts days.'),
    days_to_recover: int(
      'Days from the scheduled day to the day of payment, both in US Eastern; null unless recovered.',
    ),
    lines: int('Number of lines.'),
    lines_subscription: int('How many of them belong to a subscription.'),
    lines_onetime: int('How many of them are one-time purchases.'),
    orders_count: int('Number of orders that the charge pays for; above 1 if prepaid.'),
    items_gross: amount('Items before discounts, tax and shipping.'),
    discounts: amount('Sum of all discounts.'),
    tax: amount('Sum of all taxes.'),
    shipping: amount('Sum of the prices of the shipping lines.'),
    duties: amount('Sum of import duties.'),
    other: amount(
      'What the total has beside the other parts: fees, and less the tax if the prices include it. Normally 0.',
    ),
    total: amount('items_gross - discounts + tax + shipping + duties + other: what the customer pays in all.'),
    refunds: amount('What was paid back so far, also for tax and shipping.'),
    net_revenue: amount('total - refunds. It is revenue only if is_processed is true.'),
    net_items: amount('items_gross - discounts - refunds, and 0 if refunds are more.'),
  },
  sql: `
with lines as (
  select
    l.charge_id,
    count(*) as lines,
    count(*) filter (where lower(l.purchase_item_type) = 'subscription') as lines_subscription,
    count(*) filter (where lower(l.purchase_item_type) = 'onetime') as lines_onetime
  from {{charges__line_items}} as l
  group by l.charge_id
),
shipping as (
  select l.charge_id, cast(sum(cast(l.price as decimal(18, 4))) as decimal(18, 4)) as shipping from {{charges__shipping_lines}} as l group by l.charge_id
),
facts as (
  select
    c.*,
    lower(c.status) as state,
    coalesce(lower(c.status) in ('success', 'refunded', 'partially_refunded'), false) as is_processed,
    coalesce(lower(c.status) = 'error', false) as is_error,
    cast(c.processed_at at time zone 'America/New_York' as date) as paid_on,
    cast(c.retry_date at time zone 'America/New_York' as date) as retry_on,
    case when c.error_type is not null then coalesce(g.error_group, 'other') end as error_group,
    coalesce(cast(c.total_line_items_price as decimal(18, 4)), 0) as items_gross,
    coalesce(cast(c.total_discounts as decimal(18, 4)), 0) as discounts,
    coalesce(cast(c.total_tax as decimal(18, 4)), 0) as tax,
    coalesce(s.shipping, 0) as shipping,
    coalesce(cast(c.total_duties as decimal(18, 4)), 0) as duties,
    coalesce(cast(c.total_price as decimal(18, 4)), 0) as total,
    coalesce(cast(c.total_refunds as decimal(18, 4)), 0) as refunds,
    coalesce(l.lines, 0) as lines,
    coalesce(l.lines_subscription, 0) as lines_subscription,
    coalesce(l.lines_onetime, 0) as lines_onetime
  from {{charges}} as c
  left join lines as l on l.charge_id = c.id
  left join shipping as s on s.charge_id = c.id
  left join {{error_groups}} as g on g.error_type = c.error_type
),
outcomes as (
  select
    f.*,
    f.is_processed
      and coalesce(f.charge_attempts > 1 or (f.charge_attempts = 1 and f.paid_on > f.scheduled_at), false) as recovered,
    f.is_error
      and coalesce(f.error_type = 'CLOSED_MAX_RETRIES_REACHED' or f.error_group = 'max_retries', false) as lost
  from facts as f
)
select
  c.id as charge_id,
  c.customer_id,
  c.address_id,
  c.currency,
  lower(c.type) as charge_type,
  c.state as status,
  c.is_processed,
  coalesce(c.state = 'queued', false) as is_queued,
  coalesce(c.state = 'skipped', false) as is_skipped,
  coalesce(c.state in ('pending', 'pending_manual_payment'), false) as is_pending,
  c.is_error,
  c.charge_attempts as attempts,
  c.is_error or c.recovered as first_failed,
  c.recovered,
  c.lost,
  c.is_error and not c.lost as is_open,
  c.error_type,
  c.error_group,
  c.error,
  c.payment_processor,
  c.scheduled_at as scheduled_on,
  c.processed_at,
  c.processed_on,
  c.created_on,
  c.retry_on,
  case when c.recovered then c.paid_on - c.scheduled_at end as days_to_recover,
  c.lines,
  c.lines_subscription,
  c.lines_onetime,
  c.orders_count,
  c.items_gross,
  c.discounts,
  c.tax,
  c.shipping,
  c.duties,
  c.total - c.items_gross + c.discounts - c.tax - c.shipping - c.duties as other,
  c.total,
  c.refunds,
  c.total - c.refunds as net_revenue,
  case
    when c.items_gross > c.discounts + c.refunds then c.items_gross - c.discounts - c.refunds
    else 0
  end as net_items
from outcomes as c`,
  checks: [
    {
      name: 'one outcome',
      doc: 'No charge is both recovered and lost, and each that failed is recovered, lost or open.',
      sql: `
select c.charge_id
from {{charges_enriched}} as c
where (c.recovered and c.lost) or c.first_failed <> (c.recovered or c.lost or c.is_open)`,
    },
  ],
})
