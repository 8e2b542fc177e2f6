import type { Draft } from '../record.ts'
import { DAY, dayText, HOUR, MINUTE, utcText } from '../time.ts'
import { type Box, daysBetweenCharges } from './box.ts'
import { cancelByCustomer } from './cancel.ts'
import { BOUGHT_ONCE, SUBSCRIBED } from './catalogue.ts'
import { queueCharge, regenerateCharge } from './charge.ts'
import { amount } from './money.ts'
import { somewhere } from './people.ts'
import type { Scene } from './scene.ts'

const MONTHLY_CHURN = 0.05

type Habit = (scene: Scene, box: Box, at: number) => void

const HABITS: readonly (readonly [perCharge: number, habit: Habit])[] = [
  [0.04, skip],
  [0.06, swap],
  [0.08, addOnetime],
  [0.015, move],
]

/** What a customer does before the next charge; nothing, most of the time. */
export function live(scene: Scene, box: Box, at: number): void {
  const { random } = scene
  const days = daysBetweenCharges(box)
  const sometime = () => at + random.between(1, days - 2) * DAY + random.between(9 * 60, 20 * 60) * MINUTE
  const leaves = 1 - (1 - MONTHLY_CHURN) ** (days / 30)
  if (random.chance(leaves)) scene.diary.add(sometime(), then => cancelByCustomer(scene, box, then))
  for (const [chance, habit] of HABITS) {
    if (!random.chance(chance)) continue
    scene.diary.add(sometime(), then => {
      if (box.charge) habit(scene, box, then)
    })
  }
}

/** The skipped charge stays for good; what is paid next time is a new one. */
function skip(scene: Scene, box: Box, at: number): void {
  const { charge } = box
  if (!charge) return
  Object.assign(charge, { status: 'skipped', updated_at: utcText(at) })
  const says = `Skipped charge #${charge.id}`
  const customer = box.person.customer.id
  scene.happened(at, { verb: 'skipped', type: 'charge', id: charge.id, customer, says, origin: 'customer' })
  queueCharge(scene, box, at, Date.parse(`${charge.scheduled_at}`) / DAY + daysBetweenCharges(box))
}

function swap(scene: Scene, box: Box, at: number): void {
  const { random } = scene
  const content = box.contents[0]
  if (!content || content.variant.bundle) return
  const { subscription } = content
  const before = content.variant
  const to = random.pick(SUBSCRIBED)
  if (to.bundle) return
  content.variant = to
  content.quantity = random.between(1, 3)
  Object.assign(subscription, {
    external_product_id: { ecommerce: to.productId },
    external_variant_id: { ecommerce: to.variantId },
    price: amount(to.price * box.deliveries),
    product_title: to.title,
    quantity: content.quantity,
    sku: to.sku === '' ? null : to.sku,
    updated_at: utcText(at),
    variant_title: to.variantTitle,
  })
  scene.happened(at, {
    verb: 'updated',
    type: 'subscription',
    id: subscription.id,
    customer: box.person.customer.id,
    says: `Updated subscription #${subscription.id}`,
    origin: random.pick(['customer', 'api']),
    changes: [{ attribute: 'external_variant_id', previous_value: before.variantId, value: to.variantId }],
  })
  regenerateCharge(scene, box, at)
}

function addOnetime(scene: Scene, box: Box, at: number): void {
  const { random } = scene
  const { charge, person } = box
  if (!charge || box.deliveries > 1) return
  const variant = random.pick(BOUGHT_ONCE)
  const quantity = random.between(1, 2)
  const onetime: Draft = {
    id: scene.id('subscriptions'),
    address_id: person.address.id,
    created_at: utcText(at),
    customer_id: person.customer.id,
    external_product_id: { ecommerce: variant.productId },
    external_variant_id: { ecommerce: variant.variantId },
    is_cancelled: false,
    next_charge_scheduled_at: charge.scheduled_at,
    presentment_currency: 'USD',
    price: amount(variant.price),
    product_title: variant.title,
    properties: [],
    quantity,
    sku: variant.sku,
    sku_override: false,
    updated_at: utcText(at),
    variant_title: variant.variantTitle,
  }
  scene.add('onetimes', onetime)
  const item = { purchaseId: onetime.id as number, kind: 'onetime' as const, variant, quantity, properties: [] }
  box.extras.push({ onetime, item })
  regenerateCharge(scene, box, at)
  if (random.chance(0.3))
    scene.diary.add(at + random.between(1, 30) * HOUR, then => changeMind(scene, box, onetime, then))
}

/** A cancelled onetime stays, hidden from every list that does not ask for it. */
function changeMind(scene: Scene, box: Box, onetime: Draft, at: number): void {
  if (!box.charge || !box.extras.some(extra => extra.onetime === onetime)) return
  box.extras = box.extras.filter(extra => extra.onetime !== onetime)
  Object.assign(onetime, { is_cancelled: true, next_charge_scheduled_at: null, updated_at: utcText(at) })
  regenerateCharge(scene, box, at)
}

function move(scene: Scene, box: Box, at: number): void {
  const { person } = box
  const { place, taxRate } = somewhere(scene.random, person.customer)
  person.place = place
  person.taxRate = taxRate
  Object.assign(person.address, place, { updated_at: utcText(at) })
  const { id } = person.address
  const says = `Updated address #${id} on ${dayText(Math.floor(at / DAY))}`
  scene.happened(at, { verb: 'updated', type: 'address', id, customer: person.customer.id, says, origin: 'customer' })
  regenerateCharge(scene, box, at)
}
