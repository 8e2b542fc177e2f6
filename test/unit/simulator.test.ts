import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/simulator/faults.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { type ResourceName, Store, type StoreRecord } from '../../src/simulator/store.ts'
import { Random } from '../../src/simulator/story/random.ts'
import { makeStore } from '../../src/simulator/story.ts'
import { easternMidnight, easternText, instant } from '../../src/simulator/time.ts'

const DAY = 24 * 3_600_000

interface Got {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
  readonly rows: (envelope: string) => StoreRecord[]
}

async function get(sim: Simulator, path: string, headers: Record<string, string> = {}): Promise<Got> {
  const address = path.startsWith('http') ? path : sim.url + path
  const response = await fetch(address, {
    headers: { 'X-Recharge-Access-Token': sim.token, 'X-Recharge-Version': '2021-11', ...headers },
  })
  const text = await response.text()
  const body = text.startsWith('{') ? JSON.parse(text) : {}
  return { status: response.status, headers: response.headers, text, body, rows: key => body[key] ?? [] }
}

const old = { 'X-Recharge-Version': '2021-01' }

/** Every page from a first address on; `between` runs after each page. */
async function scan(sim: Simulator, resource: string, query: string, between?: (page: number) => void) {
  const pages: StoreRecord[][] = []
  let next = `/${resource}?${query}`
  for (;;) {
    const got = await get(sim, next)
    expect(got.status, got.text.slice(0, 200)).toBe(200)
    pages.push(got.rows(resource))
    between?.(pages.length)
    if (got.body.next_cursor === null) return { pages, rows: pages.flat() }
    const limit = new URLSearchParams(query).get('limit') ?? '50'
    next = `/${resource}?limit=${limit}&cursor=${encodeURIComponent(String(got.body.next_cursor))}`
  }
}

async function withSimulator(options: SimulatorOptions, test: (sim: Simulator) => Promise<void>): Promise<void> {
  await using sim = await startSimulator({ bucket: 10_000, perSecond: 10_000, ...options })
  await test(sim)
}

const idsOf = (rows: readonly StoreRecord[]): number[] => rows.map(row => row.id as number)
const asJson = (rows: readonly StoreRecord[]): unknown => JSON.parse(JSON.stringify(rows))
const cents = (text: unknown): number => {
  expect(text).toMatch(/^\d+\.\d\d$/)
  return Math.round(Number(text) * 100)
}
const linesOf = (record: StoreRecord): StoreRecord[] => record.line_items as unknown as StoreRecord[]
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const truth = makeStore()
let shared: Simulator

beforeAll(async () => {
  shared = await startSimulator({ store: truth, bucket: 10_000, perSecond: 10_000 })
})

afterAll(() => shared.close())

describe('the story', () => {
  it('is the same for the same seed and another for another', () => {
    const telling = (seed: number) => {
      const store = makeStore({ seed, customers: 40 })
      return JSON.stringify([store.all('charges'), store.all('orders'), store.all('events'), store.all('metafields')])
    }
    expect(telling(3)).toBe(telling(3))
    expect(telling(3)).not.toBe(telling(4))
  })

  it('has sums that add up to the cent, on every charge and order', () => {
    const bills = [...truth.all('charges'), ...truth.all('orders')]
    expect(bills.length).toBeGreaterThan(1000)
    let discounted = 0
    for (const bill of bills) {
      const lines = linesOf(bill)
      const shipping = bill.shipping_lines as unknown as StoreRecord[]
      expect(cents(bill.total_line_items_price)).toBe(
        sum(lines.map(line => cents(line.original_price) * (line.quantity as number))),
      )
      expect(cents(bill.subtotal_price)).toBe(sum(lines.map(line => cents(line.taxable_amount))))
      expect(cents(bill.total_tax)).toBe(sum(lines.map(line => cents(line.tax_due))))
      expect(cents(bill.total_discounts)).toBe(cents(bill.total_line_items_price) - cents(bill.subtotal_price))
      expect(cents(bill.total_price)).toBe(
        cents(bill.subtotal_price) + cents(bill.total_tax) + sum(shipping.map(line => cents(line.price))),
      )
      expect(cents(bill.total_refunds)).toBeLessThanOrEqual(cents(bill.total_price))
      if (bill.total_discounts !== '0.00') discounted += 1
    }
    expect(discounted).toBeGreaterThan(50)
  })

  it('has for each paid charge the orders it announces, with its lines and totals', () => {
    const orders = Map.groupBy(truth.all('orders'), order => (order.charge as StoreRecord).id)
    for (const charge of truth.all('charges')) {
      const placed = orders.get(charge.id) ?? []
      const paid = ['success', 'refunded', 'partially_refunded'].includes(String(charge.status))
      expect(placed.length).toBe(charge.orders_count)
      expect(placed.length > 0).toBe(paid)
      expect(charge.processed_at !== null).toBe(paid)
      for (const order of placed) {
        expect((order.charge as StoreRecord).status).toBe(charge.status)
        expect(order.total_price).toBe(charge.total_price)
        const bought = (record: StoreRecord) =>
          linesOf(record).map(line => [line.purchase_item_id, line.quantity, line.total_price])
        expect(bought(order)).toEqual(bought(charge))
      }
    }
  })

  it('places no order for a charge that does not exist', () => {
    // Large enough for a customer to change something while a declined card is being tried again.
    const store = makeStore({ customers: 2000 })
    const charges = new Set(idsOf(store.all('charges')))
    const dangling = store.all('orders').filter(order => !charges.has((order.charge as StoreRecord).id as number))
    expect(idsOf(dangling)).toEqual([])
    const skipped = store.all('charges').filter(charge => charge.status === 'skipped')
    expect(skipped.filter(charge => 'charge_attempts' in charge)).toEqual([])
    const customers = new Set(idsOf(truth.all('customers')))
    for (const address of truth.all('addresses')) expect(customers).toContain(address.customer_id)
  })

  it('ends failed retries with the failed charge kept and its subscriptions cancelled', () => {
    const closed = truth.all('charges').filter(charge => charge.error_type === 'CLOSED_MAX_RETRIES_REACHED')
    const items = closed.flatMap(charge => linesOf(charge).filter(line => line.purchase_item_type === 'subscription'))
    const ended = truth.all('subscriptions').filter(subscription => subscription.max_retries_reached)
    expect(ended.length).toBeGreaterThan(0)
    expect(idsOf(ended)).toEqual(items.map(line => line.purchase_item_id as number).sort((a, b) => a - b))
    for (const subscription of ended) expect(subscription.status).toBe('cancelled')
    for (const charge of closed) expect(charge).toMatchObject({ status: 'error', charge_attempts: 4, retry_date: null })
  })

  it('queues one coming charge for every active subscription that is not in dunning, and none for others', () => {
    const purchases = truth
      .all('charges')
      .filter(charge => charge.status === 'queued')
      .flatMap(charge => linesOf(charge).filter(line => line.purchase_item_type === 'subscription'))
      .map(line => line.purchase_item_id)
    expect(new Set(purchases).size).toBe(purchases.length)
    const broken = truth.all('charges').filter(charge => charge.status === 'error' && charge.retry_date !== null)
    const dunning = new Set(broken.flatMap(charge => linesOf(charge).map(line => line.purchase_item_id)))
    for (const subscription of truth.all('subscriptions')) {
      const expected = subscription.status === 'active' && !dunning.has(subscription.id)
      expect(purchases.includes(subscription.id), `subscription ${subscription.id}`).toBe(expected)
    }
  })

  it('never happens after its own now, and hands out ids in order of creation', () => {
    const now = truth.now().getTime()
    for (const resource of ['customers', 'subscriptions', 'charges', 'orders'] as const) {
      let before = 0
      for (const record of truth.all(resource)) {
        const created = Date.parse(String(record.created_at))
        expect(Date.parse(String(record.updated_at))).toBeLessThanOrEqual(now)
        expect(created).toBeLessThanOrEqual(Date.parse(String(record.updated_at)))
        // Neighbours may be a few seconds apart the wrong way: one checkout writes several records.
        expect(created).toBeGreaterThan(before - 60_000)
        before = created
      }
    }
  })

  it('shows the oddities that a reader has to bear', () => {
    const charges = truth.all('charges')
    const attempted = charges.filter(charge => 'charge_attempts' in charge)
    expect(attempted.length).toBeGreaterThan(0)
    expect(attempted.length).toBeLessThan(charges.length)
    expect(charges.some(charge => 'merchant_note_flag' in charge)).toBe(true)
    expect(new Set(truth.all('orders').map(order => typeof order.is_prepaid))).toEqual(new Set(['boolean', 'number']))
    const campaigns = truth.all('subscriptions').map(each => (each.analytics_data as StoreRecord).utm_params)
    expect(new Set(campaigns.map(each => (Array.isArray(each) ? 'array' : typeof each)))).toEqual(
      new Set(['array', 'object']),
    )
    for (const order of truth.all('orders')) expect(order.scheduled_at).toMatch(/T0[45]:00:00\+00:00$/)
    for (const field of truth.all('metafields')) expect(field.updated_at).toMatch(/T\d\d:\d\d:\d\d$/)
    const seconds = truth.all('charges').map(charge => charge.updated_at)
    expect(new Set(seconds).size).toBeLessThan(seconds.length - 100)
  })

  it('builds 200 customers in well under a second of CPU time, whatever else the machine does', () => {
    const start = process.cpuUsage()
    makeStore({ seed: 8 })
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(1000)
  })
})

describe('Eastern time', () => {
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'America/New_York',
    dateStyle: 'short',
    timeStyle: 'medium',
  })

  it('is that of New York, around every clock change and between', () => {
    const moments = [
      Date.UTC(2025, 2, 9, 7),
      Date.UTC(2025, 10, 2, 6),
      Date.UTC(2026, 2, 8, 7),
      Date.UTC(2026, 10, 1, 6),
    ]
    for (let day = 0; day < 730; day += 13) moments.push(Date.UTC(2025, 0, 1, 15) + day * DAY)
    for (const moment of moments.flatMap(at => [at - 1000, at, at + 3_600_000])) {
      const text = easternText(moment)
      expect(text).toBe(clock.format(moment).replace(' ', 'T'))
      // The hour that comes twice is read as its first coming.
      const twice = /^202[56]-11-0[12]T01/.test(text) && easternText(moment - 3_600_000) === text
      expect(instant(text)).toBe(twice ? moment - 3_600_000 : moment)
    }
  })

  it('has its midnights where New York has them', () => {
    for (let day = 20_000; day < 20_800; day += 1) {
      expect(clock.format(easternMidnight(day))).toBe(`${new Date(day * DAY).toISOString().slice(0, 10)} 00:00:00`)
    }
  })
})

describe('the store', () => {
  it('keeps every order right through inserts, edits and removals', () => {
    const seed = Number(process.env.TEST_SEED)
    const random = new Random(seed)
    const store = new Store('2026-01-01T00:00:00Z')
    const second = () => new Date(Date.UTC(2025, 0, 1) + random.between(0, 400) * 1000).toISOString()
    const order = () => Array.from(store.table('customers').by('updated_at').after(undefined, 'asc'), row => row.id)
    for (let id = 1; id <= 1500; id += 1) store.insert('customers', { id, updated_at: second() })
    order()
    for (let step = 0; step < 3000; step += 1) {
      const id = random.between(1, 2500)
      if (!store.get('customers', id)) store.insert('customers', { id, updated_at: second() })
      else if (random.chance(0.3)) store.remove('customers', id)
      else store.edit('customers', id, { updated_at: second() })
    }
    const expected = store
      .all('customers')
      .map(({ id, updated_at }) => ({ id: id as number, at: Date.parse(String(updated_at)) }))
      .sort((a, b) => a.at - b.at || a.id - b.id)
    expect(order(), `TEST_SEED=${seed}`).toEqual(expected.map(each => each.id))
    const middle = expected[700]
    if (!middle) throw new Error('too few left')
    const after = store.table('customers').by('updated_at').after({ value: middle.at, id: middle.id }, 'desc')
    expect(Array.from(after, row => row.id)).toEqual(
      expected
        .slice(0, 700)
        .map(each => each.id)
        .reverse(),
    )
  })

  it('stamps an edit with its own clock, takes members away, and leaves a trace of a removal when asked', () => {
    const store = makeStore({ customers: 5 })
    const [charge] = store.all('charges')
    const id = charge?.id as number
    store.advance(90_000)
    expect(store.edit('charges', id, { note: 'x', taxable: undefined })).toMatchObject({
      note: 'x',
      updated_at: '2026-11-20T12:01:30+00:00',
    })
    expect(store.get('charges', id)).not.toHaveProperty('taxable')
    const events = store.count('events')
    store.remove('charges', id, { event: true })
    expect(store.get('charges', id)).toBeUndefined()
    expect(store.count('events')).toBe(events + 1)
    expect(store.all('events').at(-1)).toMatchObject({
      verb: 'deleted',
      object_type: 'charge',
      object_id: id,
      created_at: '2026-11-20T07:01:30',
    })
  })
})

describe('lists on 2021-11', () => {
  const visible: readonly (readonly [ResourceName, string])[] = [
    ['customers', ''],
    ['addresses', '&sort_by=updated_at-asc'],
    ['subscriptions', '&sort_by=created_at-desc'],
    ['orders', '&sort_by=updated_at-asc'],
    ['orders', '&sort_by=id-asc'],
    ['onetimes', '&include_cancelled=true'],
    ['discounts', ''],
    ['plans', '&sort_by=updated_at-asc'],
    ['collections', ''],
    ['bundle_selections', '&sort_by=updated_at-asc'],
    ['payment_methods', ''],
    ['credit_accounts', ''],
    ['credit_adjustments', '&sort_by=updated_at-asc'],
    ['retention_strategies', ''],
    ['gift_purchases', ''],
    ['webhooks', ''],
    ['accounts', ''],
    ['async_batches', '&sort_by=created_at-asc'],
  ]

  it.each(visible)('shows every one of the %s once (%s)', async (resource, query) => {
    const { rows } = await scan(shared, resource, `limit=37${query}`)
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(asJson(truth.all(resource)))
  })

  it('sorts by the value asked for and then by id, and by id downwards if not asked', async () => {
    const { rows } = await scan(shared, 'orders', 'limit=250&sort_by=updated_at-asc')
    const keys = rows.map(row => [Date.parse(String(row.updated_at)), row.id as number] as const)
    expect(keys).toEqual(keys.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]))
    const plain = idsOf((await get(shared, '/orders')).rows('orders'))
    expect(plain).toHaveLength(50)
    expect(plain).toEqual(idsOf(truth.all('orders')).reverse().slice(0, 50))
  })

  it('loses nothing where hundreds of records share one second', async () => {
    const store = new Store('2026-01-01T00:00:00Z')
    for (let id = 1; id <= 700; id += 1) store.insert('customers', { id, updated_at: '2025-06-01T04:05:00+00:00' })
    await withSimulator({ store }, async sim => {
      const { rows, pages } = await scan(sim, 'customers', 'limit=250&sort_by=updated_at-asc')
      expect(pages.map(page => page.length)).toEqual([250, 250, 200])
      expect(idsOf(rows)).toEqual(idsOf(store.all('customers')))
    })
  })

  it('ends an exactly full last page with null', async () => {
    const store = new Store('2026-01-01T00:00:00Z')
    for (let id = 1; id <= 100; id += 1) store.insert('customers', { id, updated_at: '2025-06-01T04:05:00+00:00' })
    await withSimulator({ store }, async sim => {
      expect((await scan(sim, 'customers', 'limit=50')).pages.map(page => page.length)).toEqual([50, 50])
    })
  })

  it('meets a record again that was edited during the walk', async () => {
    const store = makeStore({ customers: 60 })
    await withSimulator({ store }, async sim => {
      let edited = 0
      const { rows } = await scan(sim, 'orders', 'limit=50&sort_by=updated_at-asc', page => {
        if (page !== 1) return
        edited = truthfulFirst(store)
        store.edit('orders', edited, { note: 'seen twice' })
      })
      const met = rows.filter(row => row.id === edited)
      expect(met.map(row => row.note === 'seen twice')).toEqual([false, true])
      expect(rows.at(-1)?.id).toBe(edited)
      expect(rows).toHaveLength(store.count('orders') + 1)
    })
    function truthfulFirst(from: Store): number {
      for (const row of from.table('orders').by('updated_at').after(undefined, 'asc')) return row.id
      throw new Error('no orders')
    }
  })

  it('leads back with previous_cursor', async () => {
    const first = await get(shared, '/customers?limit=20')
    expect(first.body.previous_cursor).toBeNull()
    const second = await get(shared, `/customers?limit=20&cursor=${first.body.next_cursor}`)
    const back = await get(shared, `/customers?limit=20&cursor=${second.body.previous_cursor}`)
    expect(back.rows('customers')).toEqual(first.rows('customers'))
    expect(back.body.previous_cursor).toBeNull()
    const again = await get(shared, `/customers?limit=20&cursor=${back.body.next_cursor}`)
    expect(again.rows('customers')).toEqual(second.rows('customers'))
  })

  it('carries the first filters in the cursor and takes nothing but limit beside it', async () => {
    const first = await get(shared, '/subscriptions?status=ACTIVE&limit=10')
    const second = await get(shared, `/subscriptions?limit=10&cursor=${first.body.next_cursor}`)
    const expected = truth.all('subscriptions').filter(each => each.status === 'active')
    expect(idsOf([...first.rows('subscriptions'), ...second.rows('subscriptions')])).toEqual(
      idsOf(expected).reverse().slice(0, 20),
    )
    for (const extra of [
      'status=active',
      'sort_by=id-desc',
      'updated_at_min=2026-01-01',
      'page=2',
      'include=customer',
    ]) {
      const refused = await get(shared, `/subscriptions?cursor=${first.body.next_cursor}&${extra}`)
      expect(refused.status, extra).toBe(422)
      expect(refused.body.errors).toHaveProperty('cursor')
    }
  })

  it('includes both ends of a time range', async () => {
    const updated = truth.all('orders').map(order => String(order.updated_at))
    const [low, high] = [...new Set(updated)].sort().slice(100, 102)
    const range = `updated_at_min=${low?.replace('+00:00', 'Z')}&updated_at_max=${high?.replace('+00:00', 'Z')}`
    const expected = truth.all('orders').filter(order => order.updated_at === low || order.updated_at === high)
    for (const sort of ['id-asc', 'updated_at-asc', 'updated_at-desc']) {
      const { rows } = await scan(shared, 'orders', `limit=250&${range}&sort_by=${sort}`)
      expect(new Set(idsOf(rows))).toEqual(new Set(idsOf(expected)))
    }
  })

  it('filters by ids, by owner and by state as the whole truth would', async () => {
    const charges = truth.all('charges').filter(charge => charge.status === 'queued')
    const two = idsOf(charges).slice(3, 5)
    expect(idsOf((await get(shared, `/charges?ids=${two.join()}`)).rows('charges')).reverse()).toEqual(two)
    const customer = (charges[0] as { customer: StoreRecord }).customer.id
    const mine = charges.filter(charge => (charge.customer as StoreRecord).id === customer)
    const got = await get(shared, `/charges?status=queued&customer_id=${customer}&sort_by=id-asc`)
    expect(idsOf(got.rows('charges'))).toEqual(idsOf(mine))
    const none = await get(shared, '/customers?email=nobody@customers.example&surprise=1')
    expect(none.body).toEqual({ next_cursor: null, previous_cursor: null, customers: [] })
  })

  it.each([
    ['/customers?limit=251', 'limit'],
    ['/customers?limit=0', 'limit'],
    ['/customers?page=101', 'page'],
    ['/customers?sort_by=email-asc', 'sort_by'],
    ['/events?sort_by=created_at-asc', 'sort_by'],
    ['/customers?cursor=nonsense', 'cursor'],
    ['/customers?updated_at_max=test', 'updated_at_max'],
    ['/customers?updated_at_min=2026-01-01T00:00:00+00:00', 'updated_at_min'],
    ['/metafields', 'owner_resource'],
    ['/metafields?owner_resource=teapot', 'owner_resource'],
    ['/products?external_product_ids=1', 'platform'],
  ])('refuses %s', async (path, field) => {
    const got = await get(shared, path)
    expect(got.status).toBe(422)
    expect(got.body.errors).toHaveProperty(field)
  })

  it('does not take the cursor of another list', async () => {
    const { body } = await get(shared, '/customers?limit=1')
    const got = await get(shared, `/orders?cursor=${body.next_cursor}`)
    expect([got.status, got.body]).toEqual([422, { errors: { cursor: ['Invalid value'] } }])
  })

  it('counts pages from one, as offsets', async () => {
    const ids = idsOf(truth.all('orders')).reverse()
    const got = await get(shared, '/orders?limit=30&page=3')
    expect(idsOf(got.rows('orders'))).toEqual(ids.slice(60, 90))
  })
})

describe('what lists hide', () => {
  it('puts processed charges of more than 90 days behind the wall, in lists and single reads', async () => {
    const limit = truth.now().getTime() - 90 * DAY
    const hidden = (charge: StoreRecord) =>
      ['success', 'refunded', 'partially_refunded'].includes(String(charge.status)) &&
      Date.parse(String(charge.processed_at)) < limit
    const all = truth.all('charges')
    const { rows } = await scan(shared, 'charges', 'limit=250&sort_by=id-asc')
    expect(idsOf(rows)).toEqual(idsOf(all.filter(charge => !hidden(charge))))
    const gone = all.find(hidden)
    expect((await get(shared, `/charges/${gone?.id}`)).status).toBe(404)
    expect((await get(shared, `/charges?ids=${gone?.id}`)).body.charges).toEqual([])
    const old = all.find(charge => charge.status === 'skipped' && Date.parse(String(charge.updated_at)) < limit)
    expect((await get(shared, `/charges/${old?.id}`)).body).toEqual({ charge: old })
  })

  it('shows cancelled onetimes only to those who ask', async () => {
    const { rows } = await scan(shared, 'onetimes', 'limit=250&sort_by=id-asc')
    const all = truth.all('onetimes')
    expect(idsOf(rows)).toEqual(idsOf(all.filter(onetime => !onetime.is_cancelled)))
    expect(rows.length).toBeLessThan(all.length)
  })

  it('retention events after a week and refuses to be asked for more', async () => {
    const day = (days: number) => `${new Date(truth.now().getTime() - days * DAY).toISOString().slice(0, 19)}Z`
    const { rows } = await scan(shared, 'events', 'limit=250')
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.length).toBeLessThan(truth.count('events'))
    expect(rows.some(event => event.verb === 'deleted' && event.object_type === 'charge')).toBe(true)
    // The text says seven, the real cut-off was measured near eight.
    expect((await get(shared, `/events?created_at_min=${day(7.5)}`)).status).toBe(200)
    const got = await get(shared, `/events?created_at_min=${day(8.1)}`)
    expect(got.status).toBe(422)
    expect(got.body).toEqual({ errors: { _schema: ['created_at_min must be less than 7 days ago'] } })
    const recent = await scan(shared, 'events', `limit=250&created_at_min=${day(2)}`)
    const wanted = rows.filter(event => Date.parse(`${event.created_at}-05:00`) >= truth.now().getTime() - 2 * DAY)
    expect(idsOf(recent.rows)).toEqual(idsOf(wanted))
    expect(wanted.length).toBeLessThan(rows.length)
  })
})

describe('2021-01', () => {
  it('scans by the Link header, without pointers in the body', async () => {
    const rows: StoreRecord[] = []
    let next: string | undefined = '/customers?limit=60'
    while (next) {
      const got: Got = await get(shared, next, old)
      expect(Object.keys(got.body)).toEqual(['customers'])
      rows.push(...got.rows('customers'))
      next = /<(.+)>; rel="next"/.exec(got.headers.get('link') ?? '')?.[1]
    }
    expect(idsOf(rows)).toEqual(idsOf(truth.all('customers')).reverse())
  })

  it.each([
    '/charges?limit=5&updated_at_min=2026-01-01',
    '/charges?limit=1&ids=1,2',
    '/onetimes?limit=1',
    '/webhooks?limit=1',
  ])('sends no Link header for %s', async path => {
    const got = await get(shared, path, old)
    expect(got.status).toBe(200)
    expect(got.headers.get('link')).toBeNull()
  })

  it('sends one for charges without a time filter, which come upwards by id', async () => {
    const got = await get(shared, '/charges?limit=5', old)
    expect(got.headers.get('link')).toContain('page_info=')
    expect(idsOf(got.rows('charges'))).toEqual(idsOf(got.rows('charges')).toSorted((a, b) => a - b))
  })

  it('counts', async () => {
    const count = async (path: string) => (await get(shared, path, old)).body
    expect(await count('/customers/count')).toEqual({ count: truth.count('customers') })
    const active = truth.all('subscriptions').filter(each => each.status === 'active').length
    expect(await count('/subscriptions/count?status=active')).toEqual({ count: active })
    const since = truth.all('orders').filter(each => Date.parse(String(each.updated_at)) >= Date.UTC(2026, 9, 1)).length
    expect(await count('/orders/count?updated_at_min=2026-10-01T00:00:00Z')).toEqual({ count: since })
    expect(await count('/charges/count')).toEqual({ count: truth.count('charges') })
    const children = truth.all('metafields').filter(each => each.owner_resource === 'order').length
    expect(await count('/metafields/count?owner_resource=order')).toEqual({ count: children })
    expect((await get(shared, '/metafields/count', old)).status).toBe(422)
    expect((await get(shared, '/onetimes/count', old)).status).toBe(404)
    expect((await get(shared, '/customers/count')).status).toBe(404)
  })

  it('can count charges without those behind the wall', async () => {
    await withSimulator({ store: truth, wallHidesCounts: true }, async sim => {
      const { rows } = await scan(sim, 'charges', 'limit=250')
      expect((await get(sim, '/charges/count', old)).body).toEqual({ count: rows.length })
    })
  })

  it('can read the times of filters as Eastern wall time, in lists and counts', async () => {
    await withSimulator({ store: truth, easternFilters: true }, async sim => {
      const min = '2026-08-01T00:00:00Z'
      const later = truth
        .all('orders')
        .filter(o => Date.parse(String(o.created_at)) >= Date.parse('2026-08-01T04:00:00Z'))
      const earlier = truth.all('orders').filter(o => Date.parse(String(o.created_at)) >= Date.parse(min))
      expect(later.length).toBeGreaterThan(0)
      expect((await get(sim, `/orders/count?created_at_min=${min}`, old)).body).toEqual({ count: later.length })
      expect((await scan(sim, 'orders', `created_at_min=${min}`)).rows).toHaveLength(later.length)
      expect((await get(shared, `/orders/count?created_at_min=${min}`, old)).body).toEqual({ count: earlier.length })
    })
  })

  it('keeps what 2021-11 does not have, and the other way round', async () => {
    const shop = await get(shared, '/shop', old)
    expect(Object.keys(shop.body)).toEqual(['shop', 'store'])
    expect((shop.body.shop as StoreRecord).created_at).toMatch(/^\w{3}, \d\d \w{3} \d{4} .* GMT$/)
    expect(((await get(shared, '/store')).body.store as StoreRecord).created_at).toMatch(/\+00:00$/)
    const countries = await get(shared, '/shop/shipping_countries', old)
    expect(countries.rows('shipping_countries')).toEqual(truth.all('shipping_countries'))
    const [customer] = truth.all('customers')
    const sources = await get(shared, `/customers/${customer?.id}/payment_sources`, old)
    expect(sources.rows('payment_sources').map(source => source.customer_id)).toEqual([customer?.id])
    for (const path of ['/shop', '/shop/shipping_countries', `/customers/${customer?.id}/payment_sources`]) {
      expect((await get(shared, path)).status, path).toBe(404)
    }
    for (const path of ['/store', '/plans', '/events', '/payment_methods', '/customers/1/payment_sources']) {
      expect((await get(shared, path, old)).status, path).toBe(404)
    }
  })

  it('spells a product discount as the real one does', async () => {
    expect((await get(shared, '/products', old)).text).toContain('"discount_amount":0E-10')
  })
})

describe('one record', () => {
  it('comes under its singular name', async () => {
    const [address] = truth.all('addresses')
    const [method] = truth.all('payment_methods')
    const [batch] = truth.all('async_batches')
    expect((await get(shared, `/addresses/${address?.id}`)).body).toEqual({ address })
    expect((await get(shared, `/payment_methods/${method?.id}`)).body).toEqual({ payment_method: method })
    expect((await get(shared, `/async_batches/${batch?.id}`)).body).toEqual({ async_batch: batch })
    const missing = await get(shared, '/addresses/1')
    expect([missing.status, missing.body]).toEqual([404, { errors: 'Not Found' }])
  })

  it('of a batch leads to its tasks', async () => {
    const [batch] = truth.all('async_batches')
    const tasks = truth.all('async_batch_tasks').filter(task => task.batch_id === batch?.id)
    const got = await get(shared, `/async_batches/${batch?.id}/tasks?limit=250`)
    expect(idsOf(got.rows('async_batch_tasks'))).toEqual(idsOf(tasks).reverse())
    expect((await get(shared, '/async_batches/1/tasks')).status).toBe(404)
  })
})

describe('admission', () => {
  it('names token, version and request', async () => {
    const wrong = await get(shared, '/customers', { 'X-Recharge-Access-Token': 'nobody' })
    expect([wrong.status, wrong.body]).toEqual([401, { error: 'bad authentication' }])
    expect((await get(shared, '/customers', { 'X-Recharge-Version': '2031-01' })).status).toBe(426)
    const plain = await fetch(`${shared.url}/shop`, { headers: { 'X-Recharge-Access-Token': shared.token } })
    expect([plain.status, plain.headers.get('x-recharge-version')]).toEqual([200, '2021-01'])
    const got = await get(shared, '/')
    expect(got.status).toBe(200)
    expect(got.headers.get('x-recharge-version')).toBe('2021-11')
    expect(got.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(Date.parse(got.headers.get('date') ?? '')).toBe(truth.now().getTime())
    expect((await get(shared, '/teapots')).status).toBe(404)
    expect(shared.requests.at(-1)).toMatchObject({ method: 'GET', path: '/teapots', version: '2021-11', status: 404 })
  })

  it('asks for the scope of the resource, and of the owner of a metafield', async () => {
    await withSimulator({ store: truth, scopes: ['read_charges', 'read_store'] }, async sim => {
      const status = async (path: string) => (await get(sim, path)).status
      expect(await status('/charges')).toBe(200)
      expect(await status('/store')).toBe(200)
      expect(await status('/webhooks')).toBe(200)
      for (const path of ['/orders', '/customers', '/subscriptions', '/events', '/plans', '/accounts', '/discounts']) {
        expect(await status(path), path).toBe(403)
      }
      expect(await status('/metafields?owner_resource=charge')).toBe(200)
      expect(await status('/metafields?owner_resource=customer')).toBe(403)
      const information = (await get(sim, '/token_information')).body.token_information
      expect(information).toMatchObject({ scopes: ['read_charges', 'read_store'] })
    })
  })

  it('keeps the features of larger plans from the standard one', async () => {
    await withSimulator({ store: truth, plan: 'standard', wrappedTokenInformation: false }, async sim => {
      for (const path of ['/bundle_selections', '/credit_accounts', '/credit_adjustments', '/payment_methods']) {
        const got = await get(sim, path)
        expect(got.status, path).toBe(403)
        expect(got.body.errors).toBeTypeOf('string')
      }
      expect((await get(sim, '/subscriptions')).status).toBe(200)
      expect((await get(sim, '/token_information')).body).toHaveProperty('scopes')
    })
  })

  it('lets a bucket of requests through and then answers 429 until it has drained', async () => {
    await withSimulator({ store: truth, bucket: 5, perSecond: 1, retryAfter: 2 }, async sim => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => get(sim, '/accounts')))
      const served = answers.filter(each => each.status === 200)
      const refused = answers.filter(each => each.status === 429)
      expect(served.length + refused.length).toBe(8)
      expect(served.length).toBeGreaterThanOrEqual(5)
      expect(refused.length).toBeGreaterThan(0)
      expect(refused[0]?.body).toEqual({ warning: 'too many requests' })
      expect(refused[0]?.headers.get('retry-after')).toBe('2')
      for (const each of answers) expect(each.headers.get('x-recharge-limit')).toMatch(/^[1-5]\/5$/)
      // What is refused adds nothing, so the bucket drains while it is asked again.
      while ((await get(sim, '/accounts')).status !== 200);
    })
  })

  it('fills the bucket one by one', async () => {
    await withSimulator({ store: truth, bucket: 40, perSecond: 0 }, async sim => {
      const used: (string | null)[] = []
      for (let i = 0; i < 3; i += 1) used.push((await get(sim, '/accounts')).headers.get('x-recharge-limit'))
      expect(used).toEqual(['1/40', '2/40', '3/40'])
    })
  })
})

describe('faults', () => {
  const faulty = (fault: Fault, test: (sim: Simulator) => Promise<void>) =>
    withSimulator({ store: truth }, async sim => {
      sim.faults.add(fault)
      await test(sim)
    })

  it('hits as many matching requests as said, after letting some pass', async () => {
    await faulty({ kind: 'status', status: 503, body: '<html>', match: '/orders', skip: 1, times: 2 }, async sim => {
      const paths = ['/orders', '/customers', '/orders', '/orders', '/orders']
      const statuses: number[] = []
      for (const path of paths) statuses.push((await get(sim, path)).status)
      expect(statuses).toEqual([200, 200, 503, 503, 200])
      expect(sim.requests.map(request => request.status)).toEqual(statuses)
      sim.clearRequests()
      expect(sim.requests).toHaveLength(0)
    })
  })

  it.each<[Fault]>([[{ kind: 'reset' }], [{ kind: 'truncate' }]])('breaks the connection: %o', async fault => {
    await faulty(fault, async sim => {
      await expect(get(sim, '/orders')).rejects.toThrow()
      expect((await get(sim, '/orders')).status).toBe(200)
    })
  })

  it('can stay silent, and be closed nevertheless', async () => {
    await faulty({ kind: 'hang' }, async sim => {
      const signal = AbortSignal.timeout(80)
      const headers = { 'X-Recharge-Access-Token': sim.token }
      await expect(fetch(`${sim.url}/orders`, { headers, signal })).rejects.toThrow(/timeout/)
    })
  })

  it('says what is not so', async () => {
    await withSimulator({ store: truth }, async sim => {
      sim.faults.add({ kind: 'malformed' })
      const headers = { 'X-Recharge-Access-Token': sim.token }
      const response = await fetch(`${sim.url}/orders?limit=3`, { headers })
      await expect(response.json()).rejects.toThrow(SyntaxError)
      sim.faults.add({ kind: 'empty' })
      expect((await get(sim, '/orders')).text).toBe('')
      sim.faults.add({ kind: 'body', body: { warning: 'slow down' } })
      expect((await get(sim, '/orders')).body).toEqual({ warning: 'slow down' })
      sim.faults.add({ kind: 'version', version: '2021-01' })
      expect((await get(sim, '/orders')).headers.get('x-recharge-version')).toBe('2021-01')
      sim.faults.add({ kind: 'skew', ms: -3_600_000 })
      const date = (await get(sim, '/orders')).headers.get('date') ?? ''
      expect(Date.parse(date)).toBe(truth.now().getTime() - 3_600_000)
    })
  })

  it('drops the pointer of a full page', async () => {
    await faulty({ kind: 'noCursor' }, async sim => {
      const got = await get(sim, '/orders?limit=10')
      expect(got.rows('orders')).toHaveLength(10)
      expect(got.body.next_cursor).toBeNull()
    })
  })

  it('shows an empty page whose pointer leads on to everything', async () => {
    await faulty({ kind: 'emptyPage', skip: 1 }, async sim => {
      const { pages, rows } = await scan(sim, 'customers', 'limit=70')
      expect(pages.map(page => page.length)).toEqual([70, 0, 70, 60])
      expect(idsOf(rows)).toEqual(idsOf(truth.all('customers')).reverse())
    })
  })

  it('repeats a page, with its own pointer or with that of the page asked for', async () => {
    const ids = idsOf(truth.all('customers')).reverse()
    const again = { kind: 'repeatPage', skip: 1 } as const
    await faulty({ ...again, pointer: 'previous' }, async sim => {
      const { rows } = await scan(sim, 'customers', 'limit=70')
      expect(idsOf(rows)).toEqual([...ids.slice(0, 70), ...ids.slice(0, 70), ...ids.slice(70)])
    })
    await faulty(again, async sim => {
      const { rows } = await scan(sim, 'customers', 'limit=70')
      expect(idsOf(rows)).toEqual([...ids.slice(0, 70), ...ids.slice(0, 70), ...ids.slice(140)])
    })
  })

  it('lets a test change the store before an answer, and waits when told to', async () => {
    const store = makeStore({ customers: 5 })
    await withSimulator({ store, latencyMs: 30 }, async sim => {
      sim.faults.before(request => {
        if (request.path === '/customers') store.insert('customers', { id: 999_999_999, updated_at: null })
      })
      const start = performance.now()
      const got = await get(sim, '/customers')
      expect(performance.now() - start).toBeGreaterThan(25)
      expect(idsOf(got.rows('customers'))[0]).toBe(999_999_999)
      sim.faults.clear()
      expect((await get(sim, '/customers')).rows('customers')).toHaveLength(6)
    })
  })
})
