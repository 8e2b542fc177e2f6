import type { Draft } from '../record.ts'
import { easternDay, easternMidnight, utcText } from '../time.ts'
import type { Box } from './box.ts'
import { bulkSecond } from './charge.ts'
import type { Scene } from './scene.ts'

/** The orders a charge paid for: one shipped now and, when prepaid, the others on their days. */
export function placeOrders(scene: Scene, box: Box, charge: Draft, at: number): Draft[] {
  const today = easternDay(at)
  const orders: Draft[] = []
  for (let i = 0; i < box.deliveries; i += 1) {
    const day = today + i * box.weeks * 7
    const order = scene.add('orders', orderDraft(scene, box, charge, at, day))
    orders.push(order)
    if (i === 0) ship(scene, order, at, charge)
    else scene.diary.add(bulkSecond(day), then => ship(scene, order, then))
  }
  charge.orders_count = box.deliveries
  return orders
}

function ship(scene: Scene, order: Draft, at: number, charge?: Draft): void {
  if (order.status !== 'queued') return
  const number = 20_000 + ((order.id as number) % 1_000_000)
  Object.assign(order, {
    status: 'success',
    external_order_id: charge?.external_order_id ?? { ecommerce: scene.random.digits(13) },
    external_order_name: { ecommerce: `#${number}` },
    external_order_number: { ecommerce: String(number) },
    processed_at: utcText(at),
    updated_at: utcText(at),
  })
}

function orderDraft(scene: Scene, box: Box, charge: Draft, at: number, day: number): Draft {
  const { random } = scene
  const prepaid = box.deliveries > 1
  return {
    id: scene.id('orders'),
    address_id: charge.address_id,
    billing_address: charge.billing_address,
    charge: {
      id: charge.id,
      external_transaction_id: charge.external_transaction_id,
      payment_processor_name: charge.payment_processor,
      status: 'success',
    },
    client_details: charge.client_details,
    created_at: utcText(at),
    currency: charge.currency,
    customer: charge.customer,
    discounts: charge.discounts,
    error: null,
    external_cart_token: null,
    external_order_id: { ecommerce: null },
    external_order_name: { ecommerce: null },
    external_order_number: { ecommerce: null },
    // Both forms have been seen on 2021-11.
    is_prepaid: random.chance(0.05) ? Number(prepaid) : prepaid,
    line_items: (charge.line_items as readonly Draft[]).map(line => ({
      ...line,
      external_inventory_policy: 'decrement_obeying_policy',
    })),
    note: charge.note,
    order_attributes: charge.order_attributes,
    processed_at: null,
    scheduled_at: utcText(easternMidnight(day)),
    shipping_address: charge.shipping_address,
    shipping_lines: charge.shipping_lines,
    status: 'queued',
    subtotal_price: charge.subtotal_price,
    tags: charge.tags,
    tax_lines: charge.tax_lines,
    taxable: true,
    total_discounts: charge.total_discounts,
    total_duties: '0.00',
    total_line_items_price: charge.total_line_items_price,
    total_price: charge.total_price,
    total_refunds: '0.00',
    total_tax: charge.total_tax,
    total_weight_grams: charge.total_weight_grams,
    type: charge.type,
    updated_at: utcText(at),
  }
}
