import { Temporal } from 'temporal-polyfill'
import type { StoreRecord } from '../../src/simulator/record.ts'
import { behindTheWall } from '../../src/simulator/serve/visible.ts'
import type { Store } from '../../src/simulator/store.ts'

/*
 * Revenue and payment attempts once more, from the records of the made-up store, by the definitions and not by the SQL of
 * the views. Money is counted in ten-thousandths as BigInt.
 */

const PAID = ['success', 'refunded', 'partially_refunded']
const PARTS = ['gross', 'discounts', 'tax', 'shipping', 'duties', 'total', 'refunds'] as const
type Part = (typeof PARTS)[number]
export type Amounts = Readonly<Record<Part, bigint>>

/** Ten-thousandths. */
const money = (value: unknown): bigint => {
  const [whole = '0', rest = ''] = String(value ?? '0').split('.')
  return BigInt(whole + rest.padEnd(4, '0').slice(0, 4))
}
export const asText = (value: bigint): string => {
  const digits = String(value < 0n ? -value : value).padStart(5, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}
/** a / b to the nearest whole, half up; both positive. */
export const halfUp = (a: bigint, b: bigint): bigint => (2n * a + b) / (2n * b)
export const list = (value: unknown): readonly StoreRecord[] => (Array.isArray(value) ? (value as StoreRecord[]) : [])
const amountsOf = (record: StoreRecord): Amounts => ({
  gross: money(record.total_line_items_price),
  discounts: money(record.total_discounts),
  tax: money(record.total_tax),
  shipping: list(record.shipping_lines).reduce((sum, { price }) => sum + money(price), 0n),
  duties: money(record.total_duties),
  total: money(record.total_price),
  refunds: money(record.total_refunds),
})
const largest = (values: readonly bigint[]): bigint => values.reduce((most, value) => (value > most ? value : most), 0n)
export const dayIn = (zone: string, at: unknown): string =>
  Temporal.Instant.from(String(at)).toZonedDateTimeISO(zone).toPlainDate().toString()
export const monthOf = (day: string): string => `${day.slice(0, 7)}-01`

/** What a warehouse knows of charges: those that a sync could read, as it last read them, but for deleted ones. */
export class KnownCharges {
  readonly #charges = new Map<number, StoreRecord>()

  sync(store: Store): void {
    const now = store.now().getTime()
    for (const charge of store.all('charges'))
      if (!behindTheWall(charge, now)) this.#charges.set(Number(charge.id), structuredClone(charge) as StoreRecord)
    for (const id of this.#charges.keys()) if (!store.get('charges', id)) this.#charges.delete(id)
  }

  get(id: number): StoreRecord | undefined {
    return this.#charges.get(id)
  }

  all(): readonly StoreRecord[] {
    return [...this.#charges.values()]
  }
}

const isDead = ({ status }: StoreRecord): boolean => ['error', 'cancelled'].includes(String(status))

/** What each of the orders that name one charge gets of it. */
function divide(orders: readonly StoreRecord[], charge: StoreRecord | undefined): readonly [StoreRecord, Amounts][] {
  const refunds = largest([...orders, ...(charge ? [charge] : [])].map(record => money(record.total_refunds)))
  const paidFor = Number(charge?.orders_count ?? 0)
  const alive = orders.filter(order => !isDead(order)).length
  const parts = paidFor > 0 ? Math.max(paidFor, alive) : orders.length
  const [only] = orders
  if (orders.length === 1 && parts === 1 && only) return [[only, { ...amountsOf(only), refunds }]]
  const byTotal = [...orders].sort(
    (a, b) => Number(money(b.total_price) - money(a.total_price)) || Number(a.id) - Number(b.id),
  )
  const whole = { ...amountsOf(paidFor > 0 && charge ? charge : (byTotal[0] ?? {})), refunds }
  const inTurn = [...orders].sort(
    (a, b) =>
      Number(isDead(a)) - Number(isDead(b)) ||
      Date.parse(String(a.scheduled_at)) - Date.parse(String(b.scheduled_at)) ||
      Number(a.id) - Number(b.id),
  )
  const n = BigInt(parts)
  return inTurn.map((order, i): [StoreRecord, Amounts] => {
    const share = (part: Part): bigint => {
      const each = halfUp(whole[part], n)
      return i >= parts ? 0n : i === parts - 1 ? whole[part] - each * (n - 1n) : each
    }
    return [
      order,
      {
        gross: share('gross'),
        discounts: share('discounts'),
        tax: share('tax'),
        shipping: share('shipping'),
        duties: share('duties'),
        total: share('total'),
        refunds: share('refunds'),
      },
    ]
  })
}

/** The orders that metrics count, each with what it gets of its charge. */
export function realizedOrders(
  orders: readonly StoreRecord[],
  charges: KnownCharges,
): readonly (readonly [StoreRecord, Amounts])[] {
  const byCharge = new Map<string, StoreRecord[]>()
  for (const order of orders) {
    const { id } = (order.charge ?? {}) as StoreRecord
    const key = id === undefined || id === null ? `order ${order.id}` : String(id)
    byCharge.set(key, [...(byCharge.get(key) ?? []), order])
  }
  return [...byCharge]
    .flatMap(([key, group]) => divide(group, charges.get(Number(key))))
    .filter(([order]) => ['success', 'pending_charge_status'].includes(String(order.status)) && order.processed_at)
}

/** A line for each month, currency and type: orders, gross, discounts, tax, shipping, duties, total, refunds, net revenue. */
export function recountRevenue(orders: readonly StoreRecord[], charges: KnownCharges, zone: string): readonly string[] {
  const sums = new Map<string, { orders: number; amounts: Record<Part, bigint> }>()
  for (const [order, amounts] of realizedOrders(orders, charges)) {
    const row = `${monthOf(dayIn(zone, order.processed_at))} ${order.currency} ${order.type}`
    const sum = sums.get(row) ?? {
      orders: 0,
      amounts: { gross: 0n, discounts: 0n, tax: 0n, shipping: 0n, duties: 0n, total: 0n, refunds: 0n },
    }
    sums.set(row, sum)
    sum.orders += 1
    for (const part of PARTS) sum.amounts[part] += amounts[part]
  }
  return [...sums]
    .map(([row, { orders, amounts }]) =>
      [row, orders, ...PARTS.map(part => asText(amounts[part])), asText(amounts.total - amounts.refunds)].join(' '),
    )
    .sort()
}

/**
 * A line for each month that begins at or after `since`, and currency: attempted, failed at first, recovered, lost, open,
 * and the amounts of failed and recovered ones.
 */
export function recountAttempts(charges: KnownCharges, since: string): readonly string[] {
  const sums = new Map<string, { counts: number[]; failed: bigint; recovered: bigint }>()
  for (const charge of charges.all()) {
    const status = String(charge.status)
    const month = monthOf(String(charge.scheduled_at))
    if (charge.type !== 'recurring' || month < since || !(PAID.includes(status) || status === 'error')) continue
    const attempts = Number(charge.charge_attempts ?? 0)
    const isLate = PAID.includes(status) && dayIn('America/New_York', charge.processed_at) > String(charge.scheduled_at)
    const recovered = PAID.includes(status) && (attempts > 1 || (attempts === 1 && isLate))
    const lost = status === 'error' && charge.error_type === 'CLOSED_MAX_RETRIES_REACHED'
    const failed = status === 'error' || recovered
    const key = `${month} ${charge.currency}`
    const sum = sums.get(key) ?? { counts: [0, 0, 0, 0, 0], failed: 0n, recovered: 0n }
    sums.set(key, sum)
    const is = [true, failed, recovered, lost, status === 'error' && !lost]
    sum.counts = sum.counts.map((count, i) => count + Number(is[i]))
    if (failed) sum.failed += money(charge.total_price)
    if (recovered) sum.recovered += money(charge.total_price)
  }
  return [...sums]
    .map(([key, { counts, failed, recovered }]) => [key, ...counts, asText(failed), asText(recovered)].join(' '))
    .sort()
}

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** The same lines from the views. */
export async function countedRevenue(sql: Query): Promise<readonly string[]> {
  return linesOf(sql, 'revenue_monthly', ['month_start', 'currency', 'order_type', 'orders', ...PARTS, 'net_revenue'])
}

export async function countedAttempts(sql: Query): Promise<readonly string[]> {
  const columns = ['attempted', 'failed_first', 'recovered', 'lost', 'open', 'failed_first_amount', 'recovered_amount']
  return linesOf(sql, 'payment_attempts_monthly', ['month_start', 'currency', ...columns], 'error_rate is not null')
}

export async function linesOf(
  sql: Query,
  view: string,
  columns: readonly string[],
  where = 'true',
): Promise<readonly string[]> {
  const line = columns.map(column => `coalesce(cast("${column}" as text), '-')`).join(` || ' ' || `)
  const rows = await sql(`select ${line} as line from recharge_analytics.${view} where ${where}`)
  return rows.map(row => String(row.line)).sort()
}
