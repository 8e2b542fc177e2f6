import type { Draft } from '../record.ts'
import { utcText } from '../time.ts'
import type { Box } from './box.ts'
import { SUBSCRIBED } from './catalogue.ts'
import { amount } from './money.ts'
import type { Scene } from './scene.ts'

const BAGS = 4
const FILLINGS = SUBSCRIBED.filter(variant => !variant.bundle)
const COLLECTION = '401928377'

/** What the next delivery of a bundle will hold: a selection without a charge. */
export function chooseBundles(scene: Scene, box: Box, at: number): void {
  for (const content of box.contents) {
    const { subscription, variant } = content
    if (!variant.bundle) continue
    content.selection = scene.add('bundle_selections', {
      id: scene.id('bundle_selections'),
      bundle_variant_id: 51820,
      charge_id: null,
      order_id: null,
      purchase_item_id: subscription.id,
      created_at: utcText(at),
      external_product_id: variant.productId,
      external_variant_id: variant.variantId,
      is_fallback: scene.random.chance(0.1),
      items: bags(scene, at),
      updated_at: utcText(at),
    })
  }
}

/** Once paid, the selection belongs to its charge and order. */
export function fixBundles(box: Box, charge: Draft, orders: readonly Draft[], at: number): void {
  for (const { selection } of box.contents) {
    if (selection) Object.assign(selection, { charge_id: charge.id, order_id: orders[0]?.id, updated_at: utcText(at) })
  }
}

function bags(scene: Scene, at: number): Draft[] {
  const first = scene.random.between(0, FILLINGS.length - 1)
  const chosen = FILLINGS.concat(FILLINGS).slice(first, first + BAGS)
  return chosen.map(variant => ({
    id: scene.id('bundle_selections'),
    collection_id: COLLECTION,
    collection_source: 'shopify',
    created_at: utcText(at),
    external_product_id: variant.productId,
    external_variant_id: variant.variantId,
    price: amount(Math.round(variant.price / 3)),
    quantity: 1,
    updated_at: utcText(at),
  }))
}
