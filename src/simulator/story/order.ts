import type { Draft } from '../record.ts'
import { DAY, easternDay, easternMidnight, utcText } from '../time.ts'
import { type Box, dayOfDelivery } from './box.ts'
import { bulkSecond } from './charge.ts'
import type { Scene } from './scene.ts'
import { VARIED } from './traits.ts'

/** The orders a charge paid for: one shipped now and, when prepaid, the others on their days. */
export function placeOrders(scene: Scene, box: Box, charge: Draft, at: number): Draft[] {
  const today = easternDay(at)
  const orders: Draft[] = []
  for (let i = 0; i < box.deliveries; i += 1) {
    const day = dayOfDelivery(box, today, i)
    const order = scene.add('orders', orderDraft(scene, box, charge, at, day))
    if (scene.traits.isVaried && box.deliveries > 1) Object.assign(order, i === 0 ? { is_prepaid: false } : paid(order))
    orders.push(order)
    if (i === 0 && !perhapsFail(scene, order, at)) {
      ship(scene, order, at, charge)
      perhapsCancel(scene, order, at)
    } else if (i > 0) scene.diary.add(bulkSecond(day), then => ship(scene, order, then))
  }
  charge.orders_count = box.deliveries
  return orders
}

/** A later order of a prepaid charge: it is tagged, and costs nothing. */
const paid = ({ line_items, shipping_lines }: Draft): Draft => ({
  ...Object.fromEntries(
    ['subtotal_price', 'total_discounts', 'total_line_items_price', 'total_price', 'total_tax'].map(name => [
      name,
      '0.00',
    ]),
  ),
  discounts: [],
  is_prepaid: true,
  line_items: (line_items as readonly Draft[]).map(line => ({
    ...line,
    original_price: '0.00',
    tax_due: '0.00',
    tax_lines: [],
    taxable_amount: '0.00',
    total_price: '0.00',
    unit_price: '0.00',
  })),
  shipping_lines: (shipping_lines as readonly Draft[]).map(line => ({ ...line, price: '0.00' })),
  tax_lines: [],
})

/** The shop does not take some orders, although they are paid. Most are sent again, the rest stays or is deleted. */
function perhapsFail(scene: Scene, order: Draft, at: number): boolean {
  const { random, traits } = scene
  if (!traits.isVaried || !random.chance(VARIED.orderFails)) return false
  Object.assign(order, { status: 'error', error: 'The shop has no such variant.', updated_at: utcText(at) })
  if (random.chance(VARIED.orderRepaired))
    scene.diary.add(at + random.between(1, 4) * DAY, then => {
      Object.assign(order, { status: 'queued', error: null })
      ship(scene, order, then)
    })
  else if (random.chance(VARIED.orderDeleted))
    scene.toDelete.push(() => scene.store.remove('orders', order.id as number, { event: true }))
  return true
}

/** The shop cancels some orders a day later. The money stays until it is refunded. */
function perhapsCancel(scene: Scene, order: Draft, at: number): void {
  const { random, traits } = scene
  if (!traits.isVaried || !random.chance(VARIED.orderCancelled)) return
  scene.diary.add(at + DAY, then => {
    const change = { status: 'cancelled', cancelled_at: utcText(then), cancel_reason: 'customer' }
    Object.assign(order, change, { updated_at: utcText(then) })
  })
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
