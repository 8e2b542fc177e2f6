import type { Draft } from '../record.ts'
import { DAY, dayText, HOUR, MINUTE, utcText } from '../time.ts'
import { type Box, type Content, daysBetweenCharges, type Interval, nextChargeDay, touchSubscriptions } from './box.ts'
import { cancelByCustomer } from './cancel.ts'
import { BOUGHT_ONCE, SUBSCRIBED } from './catalogue.ts'
import { queueCharge, regenerateCharge } from './charge.ts'
import { subscribed } from './content.ts'
import { amount } from './money.ts'
import { offered } from './offer.ts'
import { somewhere } from './people.ts'
import type { Scene } from './scene.ts'

type Habit = (scene: Scene, box: Box, at: number) => void

const HABITS: readonly (readonly [perCharge: number, habit: Habit])[] = [
  [0.04, skip],
  [0.06, swap],
  [0.08, addOnetime],
  [0.015, move],
]

/** What a customer of a varied business does besides. */
const MORE_HABITS: typeof HABITS = [
  [0.03, more],
  [0.02, less],
  [0.012, lessOften],
  [0.006, moreOften],
  [0.012, alsoSubscribe],
]

/** What a customer does before the next charge; nothing, most of the time. */
export function live(scene: Scene, box: Box, at: number): void {
  const { random, traits } = scene
  const days = daysBetweenCharges(box)
  const sometime = () => at + random.between(1, days - 2) * DAY + random.between(9 * 60, 20 * 60) * MINUTE
  const leaves = 1 - (1 - traits.monthlyChurn * (traits.isVaried && box.charged === 1 ? 2 : 1)) ** (days / 30)
  if (random.chance(leaves)) scene.diary.add(sometime(), then => cancelByCustomer(scene, box, then))
  for (const [chance, habit] of traits.isVaried ? [...HABITS, ...MORE_HABITS] : HABITS) {
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
  queueCharge(scene, box, at, nextChargeDay(box, Date.parse(`${charge.scheduled_at}`) / DAY))
}

function swap(scene: Scene, box: Box, at: number): void {
  const { random } = scene
  const content = box.contents[0]
  if (!content || content.variant.bundle) return
  const { subscription } = content
  const before = content.variant
  const to = offered(scene, random.pick(SUBSCRIBED), box.person)
  if (to.bundle) return
  content.variant = to
  if (!scene.traits.isVaried) content.quantity = random.between(1, 3)
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
  const variant = offered(scene, random.pick(BOUGHT_ONCE), person)
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
    presentment_currency: person.currency,
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

function more(scene: Scene, box: Box, at: number): void {
  const content = scene.random.pick(atLeastOne(box.contents))
  if (content.quantity < 4) changeQuantity(scene, box, content, content.quantity + 1, at)
}

function less(scene: Scene, box: Box, at: number): void {
  const content = box.contents.find(({ quantity }) => quantity > 1)
  if (content) changeQuantity(scene, box, content, content.quantity - 1, at)
}

function changeQuantity(scene: Scene, box: Box, content: Content, quantity: number, at: number): void {
  const { subscription } = content
  const changes = [{ attribute: 'quantity', previous_value: content.quantity, value: quantity }]
  content.quantity = quantity
  Object.assign(subscription, { quantity, updated_at: utcText(at) })
  updated(scene, box, content, at, changes)
  regenerateCharge(scene, box, at)
}

function lessOften(scene: Scene, box: Box, at: number): void {
  changeInterval(scene, box, box.interval.every * 2, at)
}

function moreOften(scene: Scene, box: Box, at: number): void {
  if (box.interval.every % 2 === 0) changeInterval(scene, box, box.interval.every / 2, at)
}

/** The queued charge keeps its day; the ones after it follow the new interval. */
function changeInterval(scene: Scene, box: Box, every: number, at: number): void {
  const longest: Readonly<Record<Interval['unit'], number>> = { day: 90, week: 12, month: 3 }
  if (every > longest[box.interval.unit] || box.deliveries > 1) return
  const changes = [{ attribute: 'order_interval_frequency', previous_value: box.interval.every, value: every }]
  box.interval = { ...box.interval, every }
  touchSubscriptions(box, {
    charge_interval_frequency: every * box.deliveries,
    order_interval_frequency: every,
    updated_at: utcText(at),
  })
  for (const content of box.contents) updated(scene, box, content, at, changes)
}

/** A second subscription in the same box. */
function alsoSubscribe(scene: Scene, box: Box, at: number): void {
  const { customer } = box.person
  if (box.contents.length > 2 || box.deliveries > 1 || box.expiresAfter !== null) return
  const content = subscribed(scene, box.person, at, { ...box, expiresAfter: null })
  box.contents.push(content)
  Object.assign(customer, {
    subscriptions_active_count: (customer.subscriptions_active_count as number) + 1,
    subscriptions_total_count: (customer.subscriptions_total_count as number) + 1,
    updated_at: utcText(at),
  })
  regenerateCharge(scene, box, at)
}

/** Goods in the box have got dearer: it costs more from its next charge on. */
export function raisePrice(scene: Scene, box: Box, title: string, at: number): void {
  if (box.state !== 'active' || !box.charge) return
  let isTouched = false
  for (const content of box.contents) {
    if (content.variant.title !== title) continue
    const catalogued = SUBSCRIBED.find(({ variantId }) => variantId === content.variant.variantId)
    if (!catalogued) continue
    isTouched = true
    content.variant = offered(scene, catalogued, box.person)
    const price = amount(content.variant.price * box.deliveries)
    Object.assign(content.subscription, { price, updated_at: utcText(at) })
  }
  if (isTouched) regenerateCharge(scene, box, at)
}

function updated(scene: Scene, box: Box, { subscription }: Content, at: number, changes: readonly Draft[]): void {
  const { id } = subscription
  const customer = box.person.customer.id
  const says = `Updated subscription #${id}`
  scene.happened(at, { verb: 'updated', type: 'subscription', id, customer, says, origin: 'customer', changes })
}

function atLeastOne(contents: readonly Content[]): readonly [Content, ...Content[]] {
  const [first, ...rest] = contents
  if (first === undefined) throw new Error('an empty box')
  return [first, ...rest]
}
