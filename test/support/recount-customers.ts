import { Temporal } from 'temporal-polyfill'
import type { StoreRecord } from '../../src/simulator/record.ts'
import type { Store } from '../../src/simulator/store.ts'
import {
  type Amounts,
  asText,
  dayIn,
  halfUp,
  type KnownCharges,
  linesOf,
  list,
  monthOf,
  realizedOrders,
} from './recount-revenue.ts'

/*
 * Cohorts by revenue and what is known of each customer once more, from the records of the made-up store, by the definitions
 * and not by the SQL of the views. Money is counted in ten-thousandths as BigInt.
 */

type Query = (sql: string) => Promise<Record<string, unknown>[]>

interface Ledger {
  readonly store: Store
  readonly charges: KnownCharges
  readonly zone: string
  /** The day up to which is counted. */
  readonly today: string
}

interface Ordered {
  readonly customer: number
  readonly currency: string
  readonly month: string
  readonly amounts: Amounts
}

const NOTHING = { orders: 0, gross: 0n, discounts: 0n, refunds: 0n, net: 0n }

const idOf = (value: unknown): number | null => {
  const { id } = (value ?? {}) as StoreRecord
  return typeof id === 'number' ? id : null
}

function orderedIn({ store, charges, zone }: Ledger): readonly Ordered[] {
  return realizedOrders(store.all('orders'), charges).flatMap(([order, amounts]) => {
    const customer = idOf(order.customer)
    return customer === null
      ? []
      : [{ customer, currency: String(order.currency), month: monthOf(dayIn(zone, order.processed_at)), amounts }]
  })
}

const netOf = ({ total, refunds }: Amounts): bigint => total - refunds
const itemsOf = ({ gross, discounts, refunds }: Amounts): bigint =>
  gross > discounts + refunds ? gross - discounts - refunds : 0n

/** The first month of each customer in a currency, under `customer currency`. */
function firstMonths(ordered: readonly Ordered[]): ReadonlyMap<string, string> {
  const firsts = new Map<string, string>()
  for (const { customer, currency, month } of ordered) {
    const known = firsts.get(`${customer} ${currency}`)
    if (known === undefined || month < known) firsts.set(`${customer} ${currency}`, month)
  }
  return firsts
}

/** A line for each cohort, currency and month since: size, orders, customers, net revenue, of items, up to here, for each customer. */
export function recountCohortRevenue(ledger: Ledger): readonly string[] {
  const ordered = orderedIn(ledger)
  const firsts = firstMonths(ordered)
  const lines: string[] = []
  for (const group of new Set([...firsts].map(([key, month]) => `${month} ${key.split(' ')[1]}`))) {
    const [cohort = '', currency = ''] = group.split(' ')
    const own = ordered.filter(one => one.currency === currency && firsts.get(`${one.customer} ${currency}`) === cohort)
    const size = new Set(own.map(({ customer }) => customer)).size
    let sum = 0n
    for (let since = 0; ; since++) {
      const month = Temporal.PlainDate.from(cohort).add({ months: since }).toString()
      if (month > ledger.today) break
      const inMonth = own.filter(one => one.month === month)
      const net = inMonth.reduce((total, { amounts }) => total + netOf(amounts), 0n)
      const items = inMonth.reduce((total, { amounts }) => total + itemsOf(amounts), 0n)
      sum += net
      const buyers = new Set(inMonth.map(({ customer }) => customer)).size
      const each = asText(halfUp(sum, BigInt(size)))
      lines.push(
        [cohort, currency, since, size, inMonth.length, buyers, asText(net), asText(items), asText(sum), each].join(
          ' ',
        ),
      )
    }
  }
  return lines.sort()
}

const time = (value: unknown): number => Date.parse(String(value))
const isOfSubscription = (line: StoreRecord, id: unknown): boolean =>
  line.purchase_item_type === 'subscription' && line.purchase_item_id === id

/** Whether an active subscription has no order since a charge of it ran out of attempts. */
function isLapsed({ id }: StoreRecord, { store, charges }: Ledger): boolean {
  const last = (records: readonly StoreRecord[], at: (one: StoreRecord) => unknown): number =>
    Math.max(
      ...records.filter(one => list(one.line_items).some(line => isOfSubscription(line, id))).map(one => time(at(one))),
    )
  const exhausted = charges
    .all()
    .filter(({ status, error_type }) => status === 'error' && error_type === 'CLOSED_MAX_RETRIES_REACHED')
  const made = store.all('orders').filter(({ status }) => status === 'success')
  return last(made, one => one.processed_at) < last(exhausted, one => one.updated_at)
}

/**
 * A line for each customer and currency: main, cohort, months since, orders, gross, discounts, refunds, net revenue, of each
 * order, subscriptions, active ones, in all currencies, difference to the reported number, state, MRR.
 * @param mrrOf the monthly revenue of each active subscription, in ten-thousandths.
 */
export function recountCustomers(ledger: Ledger, mrrOf: ReadonlyMap<number, bigint>): readonly string[] {
  const { store, today } = ledger
  const storeCurrency = String(store.all('store')[0]?.currency)
  const ordered = orderedIn(ledger)
  const firsts = firstMonths(ordered)
  const subscriptions = store
    .all('subscriptions')
    .filter(({ status }) => ['active', 'cancelled', 'expired'].includes(String(status)))
  const open = store.all('orders').filter(({ status, is_prepaid }) => status === 'queued' && is_prepaid)
  const currencyOf = ({ presentment_currency }: StoreRecord): string => String(presentment_currency ?? storeCurrency)
  const lines: string[] = []
  for (const { id, subscriptions_active_count } of store.all('customers')) {
    const of = {
      ordered: ordered.filter(({ customer }) => customer === id),
      subscribed: subscriptions.filter(({ customer_id }) => customer_id === id),
    }
    const inAll = of.subscribed.filter(({ status }) => status === 'active').length
    const found = new Set([...of.ordered.map(({ currency }) => currency), ...of.subscribed.map(currencyOf)])
    const rows = [...(found.size > 0 ? found : [storeCurrency])].map(currency => {
      const sums = of.ordered
        .filter(one => one.currency === currency)
        .reduce(
          (sum, { amounts }) => ({
            orders: sum.orders + 1,
            gross: sum.gross + amounts.gross,
            discounts: sum.discounts + amounts.discounts,
            refunds: sum.refunds + amounts.refunds,
            net: sum.net + netOf(amounts),
          }),
          NOTHING,
        )
      const subscribed = of.subscribed.filter(one => currencyOf(one) === currency)
      return { currency, sums, subscribed, active: subscribed.filter(({ status }) => status === 'active') }
    })
    rows.sort(
      (a, b) =>
        b.sums.orders - a.sums.orders || b.active.length - a.active.length || (a.currency < b.currency ? -1 : 1),
    )
    for (const [place, { currency, sums, subscribed, active }] of rows.entries()) {
      const cohort = firsts.get(`${id} ${currency}`)
      const months = cohort && Temporal.PlainDate.from(cohort).until(monthOf(today), { largestUnit: 'months' }).months
      const isPrepaid = subscribed.some(one =>
        open.some(order => list(order.line_items).some(line => isOfSubscription(line, one.id))),
      )
      const state = active.some(one => !isLapsed(one, ledger))
        ? 'active'
        : active.length > 0
          ? 'lapsed'
          : isPrepaid
            ? 'prepaid_open'
            : subscribed.length > 0
              ? 'churned'
              : 'never'
      const mrr = active.reduce((sum, one) => sum + (mrrOf.get(Number(one.id)) ?? 0n), 0n)
      const { orders, gross, discounts, refunds, net } = sums
      lines.push(
        [
          id,
          currency,
          place === 0,
          cohort ?? '-',
          months ?? '-',
          orders,
          ...[gross, discounts, refunds, net].map(asText),
          orders === 0 ? '-' : asText(halfUp(net, BigInt(orders))),
          subscribed.length,
          active.length,
          inAll,
          inAll - Number(subscriptions_active_count),
          state,
          asText(mrr),
        ].join(' '),
      )
    }
  }
  return lines.sort()
}

/** The same lines from the views. */
export const countedCohortRevenue = (sql: Query): Promise<readonly string[]> =>
  linesOf(sql, 'cohort_revenue', [
    'cohort_month',
    'currency',
    'months_since',
    'cohort_size',
    'orders',
    'customers',
    'net_revenue',
    'net_items',
    'cumulative_net_revenue',
    'ltv_to_date',
  ])

export const countedCustomers = (sql: Query): Promise<readonly string[]> =>
  linesOf(sql, 'customers_360', [
    'customer_id',
    'currency',
    'is_main_currency',
    'cohort_month',
    'months_since_first_order',
    'orders',
    'gross',
    'discounts',
    'refunds',
    'net_revenue',
    'aov',
    'subscriptions',
    'active_subscriptions',
    'active_subscriptions_all',
    'active_subscriptions_difference',
    'subscriber_state',
    'mrr',
  ])
