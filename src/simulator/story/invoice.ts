import type { Draft, Json } from '../record.ts'
import type { Rebate, Variant } from './catalogue.ts'
import { amount } from './money.ts'

export interface Item {
  readonly purchaseId: number
  readonly kind: 'subscription' | 'onetime'
  readonly variant: Variant
  readonly quantity: number
  readonly properties: Json
}

export interface Invoice {
  readonly lines: readonly Draft[]
  /** The members a charge and its orders have in common, ready to spread. */
  readonly totals: Draft
  readonly totalCents: number
}

export interface Terms {
  readonly rebate: Rebate | undefined
  readonly taxRate: number
  /** A prepaid charge pays for several deliveries. */
  readonly deliveries: number
}

const FREE_SHIPPING_FROM = 4000
const SHIPPING = 495

/**
 * `subtotal_price` is what the lines cost after discounts, `total_line_items_price` before them;
 * `total_price` = subtotal + shipping + tax. All in cents, so nothing is lost on the way.
 */
export function invoice(items: readonly Item[], { rebate, taxRate, deliveries }: Terms): Invoice {
  const gross = items.map(item => item.variant.price * deliveries * item.quantity)
  const totalGross = sum(gross)
  const net = reduce(items, gross, rebate, deliveries)
  const taxes = net.map(cents => Math.round(cents * taxRate))
  const subtotal = sum(net)
  const tax = sum(taxes)
  const shipping = subtotal >= FREE_SHIPPING_FROM || rebate?.valueType === 'shipping' ? 0 : SHIPPING
  const total = subtotal + shipping + tax
  return {
    lines: items.map((item, i) => line(item, deliveries, net[i] ?? 0, taxes[i] ?? 0, taxRate)),
    totals: {
      shipping_lines: [
        {
          code: shipping === 0 ? 'Free' : 'Ground',
          price: amount(shipping),
          retrieved_at: null,
          source: 'shopify',
          status: 'active',
          tax_lines: [],
          taxable: false,
          title: shipping === 0 ? 'Free shipping' : 'Ground (3-5 days)',
        },
      ],
      subtotal_price: amount(subtotal),
      tax_lines: taxLines(tax, taxRate),
      taxable: true,
      total_discounts: amount(totalGross - subtotal),
      total_duties: '0.00',
      total_line_items_price: amount(totalGross),
      total_price: amount(total),
      total_refunds: '0.00',
      total_tax: amount(tax),
      total_weight_grams: sum(items.map(item => item.variant.grams * item.quantity)),
    },
    totalCents: total,
  }
}

/** A percentage is taken off each unit; a fixed amount is spread over the lines, the rest going to the last. */
function reduce(items: readonly Item[], gross: readonly number[], rebate: Rebate | undefined, deliveries: number) {
  if (rebate?.valueType === 'percentage') {
    return items.map(item => Math.round(item.variant.price * deliveries * (1 - rebate.value / 100)) * item.quantity)
  }
  if (rebate?.valueType !== 'fixed_amount') return gross
  const totalGross = sum(gross)
  const off = Math.min(rebate.value, totalGross)
  let spread = 0
  return gross.map((cents, i) => {
    const share = i === gross.length - 1 ? off - spread : Math.floor((off * cents) / totalGross)
    spread += share
    return cents - share
  })
}

function line(item: Item, deliveries: number, net: number, tax: number, rate: number): Draft {
  const { variant, quantity } = item
  return {
    purchase_item_id: item.purchaseId,
    external_product_id: { ecommerce: variant.productId },
    external_variant_id: { ecommerce: variant.variantId },
    grams: variant.grams,
    handle: variant.handle,
    images: variant.images,
    original_price: amount(variant.price * deliveries),
    properties: item.properties,
    purchase_item_type: item.kind,
    quantity,
    sku: variant.sku,
    tax_due: amount(tax),
    tax_lines: taxLines(tax, rate),
    taxable: true,
    taxable_amount: amount(net),
    title: variant.title,
    total_price: amount(net + tax),
    unit_price: amount(net % quantity === 0 ? net / quantity : variant.price * deliveries),
    unit_price_includes_tax: false,
    variant_title: variant.variantTitle,
  }
}

const taxLines = (tax: number, rate: number): Draft[] =>
  rate === 0 ? [] : [{ price: amount(tax), rate: String(rate), title: 'State tax' }]

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
