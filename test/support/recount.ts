import { Temporal } from 'temporal-polyfill'
import { DEFAULT_ZONE } from '../../src/schema/lookup-views.ts'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'

/*
 * The metrics of subscriptions once more, from the records of the made-up store: day by day and customer by customer, by the
 * definitions and not by the SQL of the views. Money is counted in ten-thousandths as BigInt.
 */

/** The subscriptions as a sync saw them. */
export interface Sighting {
  readonly at: number
  readonly subscriptions: readonly StoreRecord[]
}

export interface Books {
  readonly sightings: readonly Sighting[]
  /** Orders and charges as the last sync saw them. */
  readonly orders: readonly StoreRecord[]
  readonly charges: readonly StoreRecord[]
  readonly currency: string
  readonly zone: string
  /** The day up to which is counted. */
  readonly today: string
}

type Kind = 'active_churn' | 'passive_churn' | 'completed'

interface Version {
  readonly from: number
  readonly record: StoreRecord
}

interface End {
  readonly at: number
  readonly kind: Kind
}

interface Terms {
  readonly price: bigint
  readonly quantity: bigint
}

interface Subscription {
  readonly id: number
  readonly customer: number
  readonly currency: string
  readonly created: number
  readonly versions: readonly Version[]
  readonly ends: readonly End[]
  /** Of the time before the oldest version: from when on an order shows which terms. */
  readonly billed: readonly (Terms & { readonly at: number })[]
}

const time = (value: unknown): number => Date.parse(String(value))
const isActive = ({ status }: StoreRecord): boolean => String(status).toLowerCase() === 'active'
/** Millionths. */
const money = (value: unknown): bigint => {
  const [whole = '0', rest = ''] = String(value).split('.')
  return BigInt(whole + rest.padEnd(6, '0').slice(0, 6))
}
const list = (value: unknown): readonly StoreRecord[] => (Array.isArray(value) ? value : [])

/** dividend / divisor to the nearest whole, half away from zero; both positive. */
const nearest = (dividend: bigint, divisor: bigint): bigint => (2n * dividend + divisor) / (2n * divisor)

function subscriptionsOf({ sightings, orders, charges, currency }: Books): readonly Subscription[] {
  const last = sightings.at(-1)
  if (last === undefined) return []
  return last.subscriptions
    .filter(({ status }) => ['active', 'cancelled', 'expired'].includes(String(status).toLowerCase()))
    .map(current => {
      const id = Number(current.id)
      const versions: Version[] = []
      for (const { at, subscriptions } of sightings) {
        const record = subscriptions.find(one => one.id === id)
        if (record === undefined || JSON.stringify(record) === JSON.stringify(versions.at(-1)?.record)) continue
        const said = time(record.updated_at)
        versions.push({ from: said > (versions.at(-1)?.from ?? Number.NEGATIVE_INFINITY) ? said : at, record })
      }
      const ends: End[] = []
      versions.forEach(({ record, from }, i) => {
        const before = versions[i - 1]
        if (isActive(record) || (before !== undefined && !isActive(before.record))) return
        const goesOn = versions.slice(i).every(version => !isActive(version.record))
        ends.push({ at: endOf(record, from), kind: kindOf(goesOn ? current : record, endOf(record, from), charges) })
      })
      const own = current.presentment_currency ?? currency
      const oldest = versions[0]
      return {
        id,
        customer: Number(current.customer_id),
        currency: String(own),
        created: time(current.created_at),
        versions,
        ends,
        billed:
          oldest === undefined
            ? []
            : billedOf(
                id,
                orders,
                String(own),
                isActive(oldest.record) ? oldest.from : endOf(oldest.record, oldest.from),
              ),
      }
    })
}

const endOf = (record: StoreRecord, from: number): number => (record.cancelled_at ? time(record.cancelled_at) : from)

function kindOf(record: StoreRecord, at: number, charges: readonly StoreRecord[]): Kind {
  if (String(record.status).toLowerCase() === 'expired') return 'completed'
  if (/max number of charge attempts|max retries|failed payment/i.test(String(record.cancellation_reason ?? '')))
    return 'passive_churn'
  if (record.max_retries_reached === true || record.max_retries_reached === 1) return 'passive_churn'
  const failed = charges.some(
    charge =>
      charge.status === 'error' &&
      charge.error_type === 'CLOSED_MAX_RETRIES_REACHED' &&
      list(charge.line_items).some(
        line => line.purchase_item_type === 'subscription' && line.purchase_item_id === record.id,
      ) &&
      time(charge.updated_at) <= at &&
      time(charge.updated_at) >= at - 7 * 86_400_000,
  )
  return failed ? 'passive_churn' : 'active_churn'
}

/** Terms by charge, because the orders of a prepaid charge share one price. */
function billedOf(id: number, orders: readonly StoreRecord[], currency: string, until: number): Subscription['billed'] {
  const byCharge = new Map<string, Terms & { at: number }>()
  for (const order of orders) {
    const at = time(order.processed_at ?? order.created_at)
    if (order.status !== 'success' || at >= until || (order.currency ?? currency) !== currency) continue
    const charge = order.charge as StoreRecord | undefined
    for (const line of list(order.line_items)) {
      if (line.purchase_item_type !== 'subscription' || line.purchase_item_id !== id) continue
      const price = money(line.original_price)
      const quantity = BigInt(String(line.quantity))
      if (price === 0n && order.is_prepaid) continue
      const key = charge?.id === undefined ? `order ${order.id}` : String(charge.id)
      const known = byCharge.get(key) ?? { at, price, quantity }
      byCharge.set(key, {
        at: Math.min(at, known.at),
        price: price > known.price ? price : known.price,
        quantity: quantity > known.quantity ? quantity : known.quantity,
      })
    }
  }
  return [...byCharge.values()].sort((a, b) => a.at - b.at)
}

/** The version that is valid just before a time; none before the oldest. */
const versionAt = ({ versions }: Subscription, before: number): number =>
  versions.findLastIndex(({ from }) => from < before)

/** Whether a subscription is active just before a time. */
function isActiveAt(subscription: Subscription, before: number): boolean {
  const { versions, created } = subscription
  const i = versionAt(subscription, before)
  const version = versions[i]
  if (version === undefined) {
    const oldest = versions[0]
    return (
      created < before &&
      oldest !== undefined &&
      (isActive(oldest.record) || endOf(oldest.record, oldest.from) >= before)
    )
  }
  if (!isActive(version.record) || created >= before) return false
  const next = versions[i + 1]
  return next === undefined || isActive(next.record) || endOf(next.record, next.from) >= before
}

/** Monthly revenue in ten-thousandths just before a time at which the subscription is active. */
function mrrAt(subscription: Subscription, before: number): bigint {
  const { versions, billed } = subscription
  const version = versions[versionAt(subscription, before)]
  const record = version?.record ?? versions[0]?.record ?? {}
  const terms = version === undefined ? (billed.findLast(({ at }) => at < before) ?? billed[0]) : undefined
  const price = terms?.price ?? money(record.price)
  const quantity = terms?.quantity ?? BigInt(String(record.quantity))
  const every = BigInt(String(record.charge_interval_frequency))
  const unit = String(record.order_interval_unit).toLowerCase().replace(/s$/, '')
  // Millionths times ten-thousandths (30.4375) over millionths makes ten-thousandths.
  if (unit === 'month') return nearest(price * quantity * 10_000n, every * 1_000_000n)
  return nearest(price * quantity * 304_375n, every * (unit === 'week' ? 7n : 1n) * 1_000_000n)
}

/** Ten-thousandths as a text with four decimals. */
export function decimal(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(5, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

const fraction = (part: number | bigint, whole: number | bigint): string => {
  if (BigInt(whole) === 0n) return '-'
  const digits = String(nearest(BigInt(part) * 1_000_000n, BigInt(whole))).padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`
}

export interface Recount {
  /** month, currency, start, new, expansion, contraction, churn active, passive, completed, reactivation, end, customers, nrr */
  readonly movements: readonly string[]
  /** customer, month, currency, mrr */
  readonly mrr: readonly string[]
  /** day, active subscribers, new, reactivated, churned active, passive, completed, active subscriptions, new, reactivated, three kinds */
  readonly daily: readonly string[]
  /** month, start, new, reactivated, churned, end, rate */
  readonly churn: readonly string[]
  /** cohort, currency, months since, size, active, rate, mrr */
  readonly cohorts: readonly string[]
}

export function recount(books: Books): Recount {
  const subscriptions = subscriptionsOf(books)
  const today = Temporal.PlainDate.from(books.today)
  const midnight = (day: Temporal.PlainDate): number => day.toZonedDateTime(books.zone).epochMilliseconds
  const dayOf = (at: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(books.zone).toPlainDate()
  const first = dayOf(Math.min(...subscriptions.map(({ created }) => created)))
  const days: Temporal.PlainDate[] = []
  for (let day = first; Temporal.PlainDate.compare(day, today) <= 0; day = day.add({ days: 1 })) days.push(day)

  // Days: who is active at the end of each, and who was before.
  const everActive = { customers: new Set<number>(), subscriptions: new Set<number>() }
  let before: readonly Subscription[] = []
  const firstDays = new Map<string, Temporal.PlainDate>()
  const daily: string[] = []
  const months = new Map<string, { start: number; new: number; reactivated: number; churned: number; end: number }>()
  for (const day of days) {
    const end = midnight(day.add({ days: 1 }))
    const now = subscriptions.filter(subscription => isActiveAt(subscription, end))
    for (const { customer, currency } of now)
      if (!firstDays.has(`${customer} ${currency}`)) firstDays.set(`${customer} ${currency}`, day)
    const lastEnd = (gone: readonly Subscription[]): Kind =>
      gone
        .flatMap(({ id, ends }) => ends.filter(one => one.at < end).map(one => ({ id, ...one })))
        .sort((a, b) => a.at - b.at || a.id - b.id)
        .at(-1)?.kind ?? 'active_churn'
    const flows = { new: 0, reactivated: 0, active_churn: 0, passive_churn: 0, completed: 0 }
    const ofSubscriptions = { ...flows }
    const were = new Set(before.map(({ customer }) => customer))
    const are = new Set(now.map(({ customer }) => customer))
    for (const customer of are)
      if (!were.has(customer)) flows[everActive.customers.has(customer) ? 'reactivated' : 'new'] += 1
    for (const customer of were)
      if (!are.has(customer)) flows[lastEnd(before.filter(one => one.customer === customer))] += 1
    for (const one of now)
      if (!before.includes(one)) ofSubscriptions[everActive.subscriptions.has(one.id) ? 'reactivated' : 'new'] += 1
    for (const one of before) if (!now.includes(one)) ofSubscriptions[lastEnd([one])] += 1
    for (const { id, customer } of now) {
      everActive.customers.add(customer)
      everActive.subscriptions.add(id)
    }
    daily.push([day, are.size, ...Object.values(flows), now.length, ...Object.values(ofSubscriptions)].join(' '))
    const month = day.with({ day: 1 }).toString()
    const sums = months.get(month) ?? { start: were.size, new: 0, reactivated: 0, churned: 0, end: 0 }
    months.set(month, {
      start: sums.start,
      new: sums.new + flows.new,
      reactivated: sums.reactivated + flows.reactivated,
      churned: sums.churned + flows.active_churn + flows.passive_churn + flows.completed,
      end: are.size,
    })
    before = now
  }

  // Months: the revenue of each customer at the end of each.
  const monthStarts: Temporal.PlainDate[] = []
  for (
    let month = first.with({ day: 1 });
    Temporal.PlainDate.compare(month, today) <= 0;
    month = month.add({ months: 1 })
  )
    monthStarts.push(month)
  const currencies = [...new Set(subscriptions.map(({ currency }) => currency))].sort()
  const movements: string[] = []
  const mrr: string[] = []
  const cohorts: string[] = []
  for (const currency of currencies) {
    const own = subscriptions.filter(one => one.currency === currency)
    const customers = [...new Set(own.map(({ customer }) => customer))].sort((a, b) => a - b)
    const stateOf = new Map(
      monthStarts.map(month => {
        const end = midnight(month.add({ months: 1 }))
        const active = own.filter(subscription => isActiveAt(subscription, end))
        const sums = new Map<number, bigint>()
        for (const one of active) sums.set(one.customer, (sums.get(one.customer) ?? 0n) + mrrAt(one, end))
        return [month.toString(), sums] as const
      }),
    )
    const earlier = new Set<number>()
    let previous = new Map<number, bigint>()
    for (const month of monthStarts) {
      const sums = stateOf.get(month.toString()) ?? new Map<number, bigint>()
      const moved = {
        new: 0n,
        expansion: 0n,
        contraction: 0n,
        active_churn: 0n,
        passive_churn: 0n,
        completed: 0n,
        reactivation: 0n,
      }
      for (const customer of customers) {
        const was = previous.get(customer) ?? 0n
        const is = sums.get(customer) ?? 0n
        if (was > 0n || is > 0n) mrr.push(`${customer} ${month} ${currency} ${decimal(is)}`)
        if (is === was) continue
        if (was === 0n) moved[earlier.has(customer) ? 'reactivation' : 'new'] += is
        else if (is > was) moved.expansion += is - was
        else if (is > 0n) moved.contraction += is - was
        else {
          const ended = own
            .filter(one => one.customer === customer)
            .flatMap(({ id, ends }) =>
              ends.filter(({ at }) => dayOf(at).with({ day: 1 }).equals(month)).map(one => ({ id, ...one })),
            )
            .sort((a, b) => a.at - b.at || a.id - b.id)
          moved[ended.at(-1)?.kind ?? 'active_churn'] -= was
        }
      }
      for (const [customer, is] of sums) if (is > 0n) earlier.add(customer)
      const total = (of: ReadonlyMap<number, bigint>): bigint => [...of.values()].reduce((a, b) => a + b, 0n)
      const [start, end] = [total(previous), total(sums)]
      const holders = [...sums.values()].filter(is => is > 0n).length
      const kept =
        start + moved.expansion + moved.contraction + moved.active_churn + moved.passive_churn + moved.completed
      if (earlier.size > 0)
        movements.push(
          [
            month,
            currency,
            decimal(start),
            ...Object.values(moved).map(decimal),
            decimal(end),
            holders,
            fraction(kept, start),
          ].join(' '),
        )
      previous = sums
    }
    for (const cohort of monthStarts) {
      const members = customers.filter(customer =>
        firstDays.get(`${customer} ${currency}`)?.with({ day: 1 }).equals(cohort),
      )
      if (members.length === 0) continue
      for (const month of monthStarts.filter(one => Temporal.PlainDate.compare(one, cohort) >= 0)) {
        const sums = stateOf.get(month.toString()) ?? new Map<number, bigint>()
        const since = cohort.until(month, { largestUnit: 'months' }).months
        const active = since === 0 ? members.length : members.filter(customer => sums.has(customer)).length
        const revenue = members.reduce((sum, customer) => sum + (sums.get(customer) ?? 0n), 0n)
        cohorts.push(
          [cohort, currency, since, members.length, active, fraction(active, members.length), decimal(revenue)].join(
            ' ',
          ),
        )
      }
    }
  }
  return {
    movements: movements.sort(),
    mrr: mrr.sort(),
    daily,
    churn: [...months].map(([month, sums]) =>
      [month, ...Object.values(sums), fraction(sums.churned, sums.start)].join(' '),
    ),
    cohorts: cohorts.sort(),
  }
}

/** The monthly revenue of each active subscription, in ten-thousandths. */
export function mrrBySubscription(books: Books): ReadonlyMap<number, bigint> {
  const end = Number.POSITIVE_INFINITY
  const active = subscriptionsOf(books).filter(one => isActiveAt(one, end))
  return new Map(active.map(one => [one.id, mrrAt(one, end)]))
}

type Sql = (statement: string) => Promise<Record<string, unknown>[]>

/** What the views say, in the form of the recount. */
export async function counted(sql: Sql): Promise<Recount> {
  const lines = async (columns: string, from: string): Promise<string[]> => {
    const texts = columns.split(' ').map(column => `coalesce(cast(v.${column} as text), '-')`)
    const rows = await sql(`select ${texts.join(` || ' ' || `)} as line from recharge_analytics.${from} as v`)
    return rows.map(({ line }) => String(line)).sort()
  }
  return {
    movements: await lines(
      'month_start currency start_mrr new expansion contraction churn_active churn_passive churn_completed reactivation end_mrr customers_end nrr',
      'mrr_movements_monthly',
    ),
    mrr: await lines('customer_id month_start currency mrr', 'mrr_monthly'),
    daily: await lines(
      'date_day active_subscribers new reactivated churned_active churned_passive completed active_subscriptions new_subscriptions reactivated_subscriptions churned_active_subscriptions churned_passive_subscriptions completed_subscriptions',
      'subscribers_daily',
    ),
    churn: await lines(
      'month_start subscribers_start new reactivated churned subscribers_end churned_rate',
      'churn_monthly',
    ),
    cohorts: await lines(
      'cohort_month currency months_since cohort_size active retention_rate mrr',
      'cohort_retention',
    ),
  }
}

export const sighting = (store: Store): Sighting => ({
  at: store.now().getTime(),
  subscriptions: structuredClone(store.all('subscriptions')) as StoreRecord[],
})

/** @param charges those that the warehouse knows. */
export async function booksOf(
  store: Store,
  sightings: readonly Sighting[],
  charges: readonly StoreRecord[],
  sql: Sql,
): Promise<Books> {
  const [asOf] = await sql('select cast(as_of_on as text) as today from recharge_analytics.as_of')
  return {
    sightings,
    orders: store.all('orders'),
    charges,
    currency: String(store.all('store')[0]?.currency),
    zone: DEFAULT_ZONE,
    today: String(asOf?.today),
  }
}
