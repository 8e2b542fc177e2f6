type Query = (sql: string) => Promise<unknown>

interface Planted {
  readonly customer: number
  readonly created: string
  readonly updated: string
  readonly status?: string
  readonly cancelled?: string
  readonly reason?: string
  readonly price: number
  readonly unit?: string
  readonly every?: number
  readonly currency?: string
  readonly sku?: string
  readonly deleted?: string
  readonly maxRetries?: boolean
  /** Versions, oldest first: from when, and in what they differ from the row. */
  readonly versions?: readonly (Partial<Pick<Planted, 'status' | 'cancelled' | 'price'>> & { readonly from: string })[]
}

const at = (time: string | undefined): string => (time === undefined ? 'null' : `timestamptz '${time}Z'`)
const word = (value: string | undefined): string => (value === undefined ? 'null' : `'${value}'`)

/** Writes a subscription and its versions straight into the tables. */
export async function plantSubscription(query: Query, id: number, planted: Planted): Promise<void> {
  const {
    customer,
    created,
    updated,
    reason,
    unit = 'month',
    every = 1,
    currency = 'USD',
    sku,
    deleted,
    maxRetries = false,
  } = planted
  const own = ({ status = 'active', cancelled, price }: Pick<Planted, 'status' | 'cancelled' | 'price'>): string =>
    `${id}, ${customer}, ${at(created)}, ${at(cancelled)}, ${word(reason)}, '${status}', ${price}, 1, '${unit}', ${every}, ${every}, '${currency}', ${word(sku)}`
  const columns =
    'id, customer_id, created_at, cancelled_at, cancellation_reason, status, price, quantity, order_interval_unit, order_interval_frequency, charge_interval_frequency, presentment_currency, sku'
  await query(
    `insert into recharge.subscriptions (${columns}, max_retries_reached, updated_at, _synced_at, _hash, _deleted_at)
     values (${own(planted)}, ${maxRetries}, ${at(updated)}, ${at(updated)}, 1, ${at(deleted)})`,
  )
  const { versions = [] } = planted
  for (const [i, { from, ...version }] of versions.entries())
    await query(
      `insert into recharge.subscriptions__history (${columns}, updated_at, valid_from, valid_to, _hash)
       values (${own({ price: planted.price, ...version })}, ${at(from)}, ${at(from)}, ${at(versions[i + 1]?.from)}, ${i})`,
    )
}

/** An order with one line of a subscription. */
export async function plantOrder(
  query: Query,
  id: number,
  order: {
    readonly subscription: number
    readonly at: string
    readonly price: number
    readonly status?: string
    readonly charge?: number
    readonly currency?: string
    readonly prepaid?: boolean
  },
): Promise<void> {
  await query(
    `insert into recharge.orders (id, is_prepaid, charge_id, status, processed_at, created_at, currency, _synced_at, _hash)
     values (${id}, ${order.prepaid ?? false}, ${order.charge ?? 'null'}, '${order.status ?? 'success'}', ${at(order.at)}, ${at(order.at)}, '${order.currency ?? 'USD'}', ${at(order.at)}, 1)`,
  )
  await query(
    `insert into recharge.orders__line_items (order_id, "index", purchase_item_id, purchase_item_type, original_price, quantity)
     values (${id}, 0, ${order.subscription}, 'subscription', ${order.price}, 1)`,
  )
}

/** A charge of a subscription that ran out of attempts. */
export async function plantExhausted(
  query: Query,
  id: number,
  charge: { readonly subscription: number; readonly at: string },
): Promise<void> {
  await query(
    `insert into recharge.charges (id, status, error_type, updated_at, _synced_at, _hash)
     values (${id}, 'error', 'CLOSED_MAX_RETRIES_REACHED', ${at(charge.at)}, ${at(charge.at)}, 1)`,
  )
  await query(
    `insert into recharge.charges__line_items (charge_id, "index", purchase_item_id, purchase_item_type) values (${id}, 0, ${charge.subscription}, 'subscription')`,
  )
}
