/* Ten joins that analysts make, and tables to make them on. */

type Query = (sql: string) => Promise<Record<string, unknown>[]>

export interface Join {
  readonly what: string
  /** The columns, as `table.column`, whose indexes find the rows. Those of primary keys are not named. */
  readonly by: readonly string[]
  readonly sql: string
}

/* Ids as `charges.ts` makes them. */
const CHARGE = 1_000_000_000
const CUSTOMER = 200_000_000
const ADDRESS = 180_000_000
const ITEM = 640_000_000

/** What an analyst asks about one customer or one subscription, and about what is new. @param schema that has rows. */
export async function joinsOf(query: Query, schema: string): Promise<readonly Join[]> {
  const [newest] = await query(
    `select cast(max(updated_at) - interval '1 hour' as text) as changed,
       cast(max(_synced_at) - interval '30 seconds' as text) as written from ${schema}.charges`,
  )
  return [
    {
      what: 'charges of a customer',
      by: ['charges.customer_id'],
      sql: `select k.email, c.total_price from customers k join charges c on c.customer_id = k.id where k.id = ${CUSTOMER + 7}`,
    },
    {
      what: 'subscriptions of a customer, with their addresses',
      by: ['subscriptions.customer_id'],
      sql: `select s.status, a.city from subscriptions s join addresses a on a.id = s.address_id where s.customer_id = ${CUSTOMER + 7}`,
    },
    {
      what: 'charges that a subscription was billed with',
      by: ['charges__line_items.purchase_item_id'],
      sql: `select c.status, l.total_price from subscriptions s join charges__line_items l on l.purchase_item_id = s.id join charges c on c.id = l.charge_id where s.id = ${ITEM + 7}`,
    },
    {
      what: 'lines of the charges to an address',
      by: ['charges.address_id'],
      sql: `select c.status, l.sku from charges c join charges__line_items l on l.charge_id = c.id where c.address_id = ${ADDRESS + 7}`,
    },
    {
      what: 'orders of the charges of a customer',
      by: ['charges.customer_id', 'orders.charge_id'],
      sql: `select c.total_price, o.status from charges c join orders o on o.charge_id = c.id where c.customer_id = ${CUSTOMER + 7}`,
    },
    {
      what: 'deliveries of a subscription',
      by: ['orders__line_items.purchase_item_id'],
      sql: `select o.status, l.quantity from subscriptions s join orders__line_items l on l.purchase_item_id = s.id join orders o on o.id = l.order_id where s.id = ${ITEM + 7}`,
    },
    {
      what: 'events of the subscriptions of a customer',
      by: ['subscriptions.customer_id', 'events.object_id'],
      sql: `select s.status, e.verb from subscriptions s join events e on e.object_id = s.id and e.object_type = 'subscription' where s.customer_id = ${CUSTOMER + 7}`,
    },
    {
      what: 'subscriptions at the addresses of a customer',
      by: ['addresses.customer_id', 'subscriptions.address_id'],
      sql: `select a.city, s.status from addresses a join subscriptions s on s.address_id = a.id where a.customer_id = ${CUSTOMER + 7}`,
    },
    {
      what: 'charges that changed in the last hour, with their customers',
      by: ['charges.updated_at'],
      sql: `select k.email, c.status from charges c join customers k on k.id = c.customer_id where c.updated_at > '${newest?.changed}'`,
    },
    {
      what: 'charges that the last run wrote, with their lines',
      by: ['charges._synced_at'],
      sql: `select c.id, l.sku from charges c join charges__line_items l on l.charge_id = c.id where c._synced_at > '${newest?.written}'`,
    },
  ]
}

/** Streams whose tables the joins read. */
export const JOINED = ['addresses', 'charges', 'customers', 'events', 'orders', 'subscriptions'] as const

/** Numbers without an order, from 0 up to below `count`, each about as often. */
const spread = (count: number): string => `(i * 7919 + 13) % ${count}`

/**
 * Fills the tables of the other streams in the proportions of a store with so many charges, and those of charges as well if
 * they are empty. The rows have the columns that are joined by, and one that makes them about as wide as real ones.
 */
export async function fillJoined(query: Query, schema: string, charges: number): Promise<void> {
  const customers = charges * 0.4
  const addresses = charges * 0.5
  const items = charges * 0.9
  const fill = (table: string, rows: number, values: Record<string, string>, system = true): Promise<unknown> => {
    const all = system
      ? { ...values, _synced_at: `timestamptz '2026-11-20' + i * interval '1 second'`, _hash: 'i' }
      : values
    const columns = Object.keys(all).map(name => `"${name}"`)
    return query(
      `insert into ${schema}.${table} (${columns}) select ${Object.values(all)} from generate_series(0, ${rows - 1}) as i`,
    )
  }
  const changed = `timestamptz '2021-03-01' + i * interval '2 minutes'`
  const wide = (bytes: number): string => `repeat(md5(cast(i as text)), ${bytes / 32})`
  await fill('customers', customers, {
    id: `${CUSTOMER} + i`,
    email: `'c' || i || '@example.net'`,
    first_name: wide(320),
  })
  await fill('addresses', addresses, {
    id: `${ADDRESS} + i`,
    customer_id: `${CUSTOMER} + ${spread(customers)}`,
    order_note: wide(320),
  })
  await fill('subscriptions', items, {
    id: `${ITEM} + i`,
    customer_id: `${CUSTOMER} + ${spread(customers)}`,
    address_id: `${ADDRESS} + ${spread(addresses)}`,
    product_title: wide(640),
  })
  const [loaded] = await query(`select exists (select from ${schema}.charges) as found`)
  if (loaded?.found !== true) {
    await fill('charges', charges, {
      id: `${CHARGE} + i`,
      customer_id: `${CUSTOMER} + ${spread(customers)}`,
      address_id: `${ADDRESS} + ${spread(addresses)}`,
      updated_at: changed,
      note: wide(960),
    })
    await fill(
      'charges__line_items',
      3 * charges,
      {
        charge_id: `${CHARGE} + i / 3`,
        index: 'i % 3',
        purchase_item_id: `${ITEM} + ${spread(items)}`,
        title: wide(640),
      },
      false,
    )
  }
  await fill('orders', charges, {
    id: `${CHARGE} + i`,
    charge_id: `${CHARGE} + i`,
    updated_at: changed,
    note: wide(960),
  })
  await fill(
    'orders__line_items',
    2 * charges,
    {
      order_id: `${CHARGE} + i / 2`,
      index: 'i % 2',
      purchase_item_id: `${ITEM} + ${spread(items)}`,
      title: wide(320),
    },
    false,
  )
  await fill('events', 2 * charges, {
    id: `${CHARGE} + i`,
    object_id: `case when i % 2 = 0 then ${CHARGE} + ${spread(charges)} else ${ITEM} + ${spread(items)} end`,
    object_type: `case when i % 2 = 0 then 'charge' else 'subscription' end`,
    verb: `'updated'`,
    description: wide(160),
  })
}

/** How a query would find its rows. */
export interface Plan {
  /** First columns of the indexes that it reads, as `table.column`. */
  readonly indexed: ReadonlySet<string>
  /** Tables that it reads whole. */
  readonly whole: readonly string[]
}

/** The plan of a query, without running it. */
export async function planOf(query: Query, schema: string, sql: string): Promise<Plan> {
  const columns = await query(
    `select x.relname as index, t.relname || '.' || a.attname as column from pg_index i
     join pg_class x on x.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
     where t.relnamespace = cast('${schema}' as regnamespace)`,
  )
  const columnOf = new Map(columns.map(({ index, column }) => [String(index), String(column)]))
  await query(`set search_path to ${schema}`)
  const explained = await query(`explain (format json) ${sql}`)
  const nodes = explained
    .flatMap(row => row['QUERY PLAN'] as { Plan: PlanNode }[])
    .flatMap(({ Plan }) => descendants(Plan))
  return {
    indexed: new Set(nodes.flatMap(node => columnOf.get(node['Index Name'] ?? '') ?? [])),
    whole: nodes.flatMap(node => (node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : [])),
  }
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const descendants = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(descendants)]
