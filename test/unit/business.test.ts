import { expect, test } from 'vitest'
import { RESOURCES, type StoreRecord } from '../../src/simulator/record.ts'
import { makeBusiness } from '../../src/simulator/story.ts'
import { DAY, easternDay, HOUR } from '../../src/simulator/time.ts'

/* The made-up store of the demo. Each test names what the demo has to show, or what a business looks like. */

const UNTIL = Date.parse('2026-11-29T14:00:00Z')
const MONTHS = 18

interface Month {
  readonly active: readonly StoreRecord[]
  readonly customers: number
}

/** Lives the story month by month, and keeps each version of each subscription. */
function lived(until = UNTIL) {
  const opening = until - MONTHS * 30 * DAY
  const { store, liveTo } = makeBusiness({ opening, from: opening + 30 * DAY, until })
  const months: Month[] = []
  const versions = new Map<number, StoreRecord[]>()
  for (let i = 1; i <= MONTHS; i += 1) {
    liveTo(new Date(opening + i * 30 * DAY))
    const subscriptions = store.all('subscriptions').map(record => ({ ...record }))
    for (const each of subscriptions) versions.set(Number(each.id), [...(versions.get(Number(each.id)) ?? []), each])
    const active = subscriptions.filter(({ status }) => status === 'active')
    months.push({ active, customers: new Set(active.map(each => each.customer_id)).size })
  }
  return { store, months, versions: [...versions.values()] }
}
const { store, months, versions } = lived()

const linesOf = (record: StoreRecord): StoreRecord[] => record.line_items as unknown as StoreRecord[]
const cents = (text: unknown): number => Math.round(Number(text) * 100)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
/** How many subscriptions had a member that differed from one month to the next. */
const changed = (differs: (before: StoreRecord, after: StoreRecord) => boolean): number =>
  versions.filter(each => each.some((after, i) => i > 0 && differs(each[i - 1] ?? after, after))).length
const values = (resource: 'orders' | 'charges' | 'subscriptions', member: string): Set<unknown> =>
  new Set(store.all(resource).map(record => record[member]))

test('it ends now: no queued charge and no queued order is overdue, whenever that is', () => {
  for (const until of [UNTIL, Date.parse('2027-03-14T07:01:00Z'), Date.parse('2028-02-29T05:03:00Z')]) {
    const { store } = lived(until)
    const today = new Date(easternDay(until) * DAY).toISOString().slice(0, 10)
    const queued = store.all('charges').filter(({ status }) => status === 'queued')
    expect(queued.length).toBeGreaterThan(200)
    expect(queued.filter(charge => String(charge.scheduled_at) < today)).toEqual([])
    const shipments = store.all('orders').filter(({ status }) => status === 'queued')
    expect(shipments.length).toBeGreaterThan(5)
    expect(shipments.filter(order => Date.parse(String(order.scheduled_at)) < until - DAY)).toEqual([])
    for (const resource of ['customers', 'subscriptions', 'charges', 'orders'] as const)
      for (const record of store.all(resource)) expect(Date.parse(String(record.updated_at))).toBeLessThanOrEqual(until)
    expect(Math.max(...store.all('orders').map(order => Date.parse(String(order.created_at))))).toBeGreaterThan(
      until - 2 * DAY,
    )
  }
})

test('it is the same for the same times', () => {
  const { store: again } = lived()
  for (const resource of RESOURCES) expect(again.all(resource)).toEqual(store.all(resource))
})

test('told to different ends it is one story', () => {
  const plannedTo = UNTIL + 20 * DAY
  const opening = UNTIL - MONTHS * 30 * DAY
  const told = (until: number) => {
    const { store, liveTo } = makeBusiness({ opening, from: UNTIL - 30 * DAY, until, plannedTo })
    liveTo(new Date(until))
    return store
  }
  const paid = (store: ReturnType<typeof told>) =>
    store
      .all('charges')
      .filter(({ processed_at }) => processed_at !== null && Date.parse(String(processed_at)) < UNTIL - DAY)
      .map(({ id, processed_at, total_price, line_items }) => ({ id, processed_at, total_price, line_items }))
  const [early, late] = [told(UNTIL), told(UNTIL + 9 * DAY + 5 * HOUR)]
  expect(paid(early).length).toBeGreaterThan(1500)
  expect(paid(late)).toEqual(paid(early))
  expect(late.count('charges')).toBeGreaterThan(early.count('charges'))
})

test('it grows, loses a few per cent a month, and recovers most of what failed', () => {
  const customers = months.map(month => month.customers)
  expect(customers.at(-1)).toBeGreaterThan(250)
  for (const [i, count] of customers.entries()) if (i > 5) expect(count).toBeGreaterThan(customers[i - 1] ?? 0)
  const rates = months.flatMap(({ active }, i) => {
    const before = months[i - 1]
    if (i < 6 || before === undefined) return []
    const still = new Set(active.map(each => each.customer_id))
    const gone = new Set(before.active.map(each => each.customer_id).filter(id => !still.has(id)))
    return [gone.size / before.customers]
  })
  const churn = sum(rates) / rates.length
  expect(churn).toBeGreaterThan(0.015)
  expect(churn).toBeLessThan(0.06)
  const tried = store.all('charges').filter(charge => 'charge_attempts' in charge)
  const recovered = tried.filter(({ status }) => status !== 'error').length
  const lost = tried.filter(charge => charge.error_type === 'CLOSED_MAX_RETRIES_REACHED')
  expect(tried.length).toBeGreaterThan(40)
  expect(recovered / (recovered + lost.length)).toBeGreaterThan(0.6)
  expect(recovered / (recovered + lost.length)).toBeLessThan(0.92)
  for (const charge of lost) expect(charge.charge_attempts).toBe(8)
  expect(tried.some(({ status, retry_date }) => status === 'error' && retry_date !== null)).toBe(true)
})

test('subscriptions change in each way that a movement of MRR is made of', () => {
  expect(changed((a, b) => Number(b.quantity) > Number(a.quantity))).toBeGreaterThan(10)
  expect(changed((a, b) => Number(b.quantity) < Number(a.quantity))).toBeGreaterThan(5)
  expect(changed((a, b) => a.sku === b.sku && cents(b.price) > cents(a.price))).toBeGreaterThan(10)
  expect(changed((a, b) => a.sku !== b.sku)).toBeGreaterThan(10)
  expect(changed((a, b) => a.order_interval_frequency !== b.order_interval_frequency)).toBeGreaterThan(5)
  expect(changed((a, b) => a.status === 'active' && b.status === 'cancelled')).toBeGreaterThan(30)
  expect(changed((a, b) => a.status === 'cancelled' && b.status === 'active')).toBeGreaterThan(3)
  expect(changed((a, b) => a.status === 'active' && b.status === 'expired')).toBeGreaterThan(3)
  expect(values('subscriptions', 'order_interval_unit')).toEqual(new Set(['day', 'week', 'month']))
  const expired = store.all('subscriptions').filter(({ status }) => status === 'expired')
  expect(new Set(expired.map(each => each.cancelled_at === null))).toEqual(new Set([true, false]))
  for (const each of expired) {
    const paid = store
      .all('charges')
      .filter(({ processed_at }) => processed_at !== null)
      .filter(charge => linesOf(charge).some(line => line.purchase_item_id === each.id))
    expect(paid.length).toBe(each.expire_after_specific_number_of_charges)
  }
})

test('the counters of customers are right, also after subscriptions were deleted', () => {
  const own = Map.groupBy(store.all('subscriptions'), each => each.customer_id)
  for (const { id, subscriptions_active_count, subscriptions_total_count } of store.all('customers')) {
    const theirs = own.get(id) ?? []
    const active = theirs.filter(({ status }) => status === 'active')
    expect([id, subscriptions_active_count, subscriptions_total_count]).toEqual([id, active.length, theirs.length])
  }
})

test('each record is in one currency, and there are two', () => {
  expect(values('subscriptions', 'presentment_currency')).toEqual(new Set(['USD', 'CAD']))
  const currencies = new Map(store.all('subscriptions').map(each => [each.id, each.presentment_currency]))
  for (const resource of ['charges', 'orders'] as const) {
    expect(values(resource, 'currency')).toEqual(new Set(['USD', 'CAD']))
    for (const record of store.all(resource))
      for (const line of linesOf(record)) {
        const currency = currencies.get(line.purchase_item_id)
        if (line.purchase_item_type === 'subscription' && currency) expect(record.currency).toBe(currency)
      }
  }
})

test('a prepaid charge has its price on the first order; the later ones are tagged and cost nothing', () => {
  const orders = Map.groupBy(store.all('orders'), order => (order.charge as StoreRecord).id)
  const prepaid = store.all('charges').filter(charge => Number(charge.orders_count) > 1)
  expect(prepaid.length).toBeGreaterThan(10)
  for (const charge of prepaid) {
    const [first, ...later] = orders.get(charge.id) ?? []
    expect(later).toHaveLength(2)
    expect([first?.total_price, Boolean(first?.is_prepaid)]).toEqual([charge.total_price, false])
    for (const order of later) {
      expect([order.total_price, order.total_line_items_price, Boolean(order.is_prepaid)]).toEqual([
        '0.00',
        '0.00',
        true,
      ])
      for (const line of linesOf(order)) expect(line.total_price).toBe('0.00')
    }
  }
  for (const order of store.all('orders')) {
    const lines = linesOf(order)
    expect(cents(order.total_line_items_price)).toBe(
      sum(lines.map(line => cents(line.original_price) * Number(line.quantity))),
    )
    const shipping = order.shipping_lines as unknown as StoreRecord[]
    expect(cents(order.total_price)).toBe(
      cents(order.subtotal_price) + cents(order.total_tax) + sum(shipping.map(line => cents(line.price))),
    )
  }
  // Some pay once: their subscriptions are cancelled at once, and they still get what they paid for.
  const open = store.all('orders').filter(({ status }) => status === 'queued')
  const status = new Map(store.all('subscriptions').map(each => [each.id, each.status]))
  expect(new Set(open.flatMap(order => linesOf(order).map(line => status.get(line.purchase_item_id))))).toContain(
    'cancelled',
  )
})

test('orders are in each state, and records are deleted', () => {
  expect(values('orders', 'status')).toEqual(new Set(['success', 'queued', 'error', 'cancelled']))
  expect(values('charges', 'status')).toEqual(
    new Set(['success', 'queued', 'error', 'skipped', 'refunded', 'partially_refunded']),
  )
  const kept = new Set(store.all('subscriptions').map(({ id }) => Number(id)))
  expect(versions.filter(each => !kept.has(Number(each[0]?.id))).length).toBeGreaterThan(1)
  const buyers = new Set(store.all('orders').map(order => (order.customer as StoreRecord).id))
  const customers = new Set(store.all('customers').map(({ id }) => id))
  expect([...buyers].filter(id => !customers.has(id)).length).toBeGreaterThan(0)
  const orders = new Set(store.all('orders').map(order => (order.charge as StoreRecord).id))
  const paid = store.all('charges').filter(({ processed_at }) => processed_at !== null)
  expect(paid.filter(({ id }) => !orders.has(id)).length).toBeLessThan(10)
})

test('it is made quickly', () => {
  const start = process.cpuUsage()
  makeBusiness({ opening: UNTIL - 540 * DAY, from: UNTIL - HOUR, until: UNTIL })
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(2000)
})
