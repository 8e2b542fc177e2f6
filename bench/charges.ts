/** Records on a page, as many as the API serves at most. */
export const PAGE = 250

const CITIES = ['Portland', 'Leeds', 'Utrecht', 'São Paulo', 'Québec', 'Kraków', 'Dunedin', 'Oslo']
const NAMES = ['Marta', 'Ikenna', 'Zoë', 'Tomás', 'Hana', 'Björk', 'Amir', 'Lucía']
const SURNAMES = ['Oyelaran', 'Lindqvist', 'Nakamura', 'Ferreira', 'Novák', "O'Brien", 'Haddad', 'Müller']
const BEGAN = Date.parse('2021-03-01T00:00:00Z')

/** 32 pseudo-random bits from a seed. */
const mix = (seed: number): number => {
  let x = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b)
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b)
  return (x ^ (x >>> 16)) >>> 0
}

/** For all charges, a day before the simulator's present: it stops serving a charge 90 days after that, as the API does. */
const PROCESSED = '2026-11-19T12:00:00+00:00'

const cents = (n: number): string => (n / 100).toFixed(2)

const stamp = (seconds: number): string => `${new Date(BEGAN + seconds * 1000).toISOString().slice(0, 19)}+00:00`

/**
 * A charge as the API serves it: about 4 KB, three line items, one row in each of the other lists.
 * @param edits how often the record has been edited. Each edit changes an amount and makes `updated_at` later.
 */
export function charge(id: number, edits = 0): object {
  const n = mix(id)
  const name = NAMES[n % 8]
  const surname = SURNAMES[(n >>> 3) % 8]
  const address = {
    address1: `${1 + (n % 200)} Harbour Lane`,
    address2: n % 5 === 0 ? `Flat ${n % 40}` : null,
    city: CITIES[(n >>> 6) % 8],
    company: null,
    country_code: 'US',
    first_name: name,
    last_name: surname,
    phone: `+1503${String(n % 10_000_000).padStart(7, '0')}`,
    province: 'Oregon',
    zip: String(10_000 + (n % 89_999)),
  }
  const customer = 200_000_000 + (n % 400_000)
  const made = id * 120
  const price = 500 + (n % 9_000) + edits
  return {
    id: 1_000_000_000 + id,
    address_id: 180_000_000 + (n % 500_000),
    analytics_data: {
      utm_params: [
        {
          utm_campaign: 'autumn_refill',
          utm_content: 'hero',
          utm_data_source: 'website_cookie',
          utm_medium: 'email',
          utm_source: 'newsletter',
          utm_term: null,
          utm_timestamp: '2025-09-30T18:04:11',
        },
      ],
    },
    billing_address: address,
    client_details: { browser_ip: null, user_agent: null },
    created_at: stamp(made),
    currency: 'USD',
    customer: {
      id: customer,
      email: `${name}.${surname}.${customer}@example.net`.toLowerCase(),
      external_customer_id: { ecommerce: String(7_300_000_000_000 + customer) },
      hash: n.toString(16).padStart(8, '0').repeat(2),
    },
    discounts: [{ id: 71_822_034, code: 'REFILL10', value: 10.0, value_type: 'percentage' }],
    error: null,
    error_type: null,
    external_order_id: { ecommerce: String(5_900_000_000_000 + id) },
    external_transaction_id: { payment_processor: `ch_3Q${n.toString(36)}${id.toString(36)}` },
    has_uncommitted_changes: false,
    line_items: [0, 1, 2].map(i => lineItem(mix(n + i), price)),
    merged_at: null,
    note: n % 20 === 0 ? 'Leave it with the neighbour\n(blue door), "not" the shed.' : null,
    order_attributes: [{ name: 'gate_code', value: String(n % 10_000) }],
    orders_count: 1,
    payment_processor: 'stripe',
    processed_at: PROCESSED,
    retry_date: null,
    scheduled_at: stamp(made + 86_400).slice(0, 10),
    shipping_address: address,
    shipping_lines: [
      {
        code: 'Ground',
        price: '4.95',
        source: 'shopify',
        tax_lines: [],
        taxable: false,
        title: 'Ground (3-5 days)',
        retrieved_at: stamp(made + 100),
        status: 'active',
      },
    ],
    status: 'success',
    subtotal_price: cents(3 * price),
    tags: 'Subscription, Subscription Recurring Order',
    tax_lines: [{ price: cents(price % 700), rate: '0.0725', title: 'State tax' }],
    taxable: true,
    taxes_included: false,
    total_discounts: '1.85',
    total_duties: '0.00',
    total_line_items_price: cents(3 * price),
    total_price: cents(3 * price + 495),
    total_refunds: '0.00',
    total_tax: cents(price % 700),
    total_weight_grams: 340 * 3,
    type: 'recurring',
    updated_at: stamp(made + 86_410 + edits),
  }
}

function lineItem(n: number, price: number): object {
  const product = 8_154_900_000_000 + (n % 300)
  return {
    purchase_item_id: 640_000_000 + (n % 900_000),
    external_product_id: { ecommerce: String(product) },
    external_variant_id: { ecommerce: String(product + 36_000_000_000_000) },
    grams: 340,
    handle: 'dark-roast-beans',
    images: {
      large: 'https://img.example.com/dark-roast_large.jpg',
      medium: 'https://img.example.com/dark-roast_medium.jpg',
      original: 'https://img.example.com/dark-roast_original.jpg',
      small: 'https://img.example.com/dark-roast_small.jpg',
    },
    original_price: cents(price + 200),
    properties: [{ name: 'Grind', value: 'Whole bean' }],
    purchase_item_type: 'subscription',
    quantity: 1 + (n % 3),
    sku: `BEAN-DRK-${n % 300}`,
    tax_due: cents(price % 300),
    tax_lines: [{ price: cents(price % 300), rate: '0.0725', title: 'State tax' }],
    taxable: true,
    taxable_amount: cents(price),
    title: 'Dark Roast Beans',
    total_price: cents(price + (price % 300)),
    unit_price: cents(price),
    unit_price_includes_tax: false,
    variant_title: '340 g / Whole bean',
  }
}
