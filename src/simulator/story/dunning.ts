import type { Draft } from '../record.ts'
import { easternDay, easternMidnight, easternText, utcText } from '../time.ts'
import { type Box, touchSubscriptions } from './box.ts'
import { cancelBox } from './cancel.ts'
import { bulkSecond } from './charge.ts'
import { newCard } from './people.ts'
import type { Scene } from './scene.ts'

/** Why a card of a varied business is declined. */
const TYPES = ['CUSTOMER_NEEDS_TO_UPDATE_CARD', 'INSUFFICIENT_FUNDS', 'INSUFFICIENT_FUNDS'] as const

/** A card is declined. Tried again every few days until it works or the attempts are used up. */
export function decline(scene: Scene, box: Box, charge: Draft, at: number): void {
  const { customer, card } = box.person
  const { retryDays, isVaried } = scene.traits
  const attempts = ((charge.charge_attempts as number | undefined) ?? 0) + 1
  const days = retryDays[attempts - 1]
  const last = days === undefined
  const retry = easternDay(at) + (days ?? 0)
  const now = utcText(at)
  // No longer the charge to come: a customer's changes do not rebuild it, only the retries do.
  box.state = 'dunning'
  box.charge = undefined
  Object.assign(charge, {
    status: 'error',
    charge_attempts: attempts,
    last_charge_attempt: now,
    error: 'Your card was declined.',
    error_type: last
      ? 'CLOSED_MAX_RETRIES_REACHED'
      : isVaried
        ? (charge.error_type ?? scene.random.pick(TYPES))
        : 'CUSTOMER_NEEDS_TO_UPDATE_CARD',
    external_variant_not_found: false,
    retry_date: last ? null : utcText(easternMidnight(retry)),
    updated_at: now,
  })
  Object.assign(customer, {
    has_payment_method_in_dunning: !last,
    has_valid_payment_method: false,
    subscription_related_charge_streak: 0,
    updated_at: now,
  })
  Object.assign(card, {
    status: 'invalid',
    status_reason: 'Your card was declined.',
    retry_date: charge.retry_date,
    updated_at: easternText(at),
  })
  const says = `Charge #${charge.id} failed`
  scene.happened(at, { verb: 'failed', type: 'charge', id: charge.id, customer: customer.id, says })
  if (last) giveUp(scene, box, at)
  else scene.diary.add(bulkSecond(retry), then => tryAgain(scene, box, charge, then))
}

function tryAgain(scene: Scene, box: Box, charge: Draft, at: number): void {
  if (box.state !== 'dunning') return
  if (!scene.random.chance(scene.traits.recovers)) {
    decline(scene, box, charge, at)
    return
  }
  const { customer, card } = box.person
  if (scene.random.chance(0.5)) card.payment_details = newCard(scene.random)
  Object.assign(card, { status: 'valid', status_reason: null, retry_date: null, updated_at: easternText(at) })
  Object.assign(customer, { has_payment_method_in_dunning: false, has_valid_payment_method: true })
  box.state = 'active'
  box.paid(at, charge)
}

/** Involuntary: Recharge sends no subscription/cancelled for it, so there is no event either. */
function giveUp(scene: Scene, box: Box, at: number): void {
  touchSubscriptions(box, { max_retries_reached: true })
  cancelBox(scene, box, at, { reason: 'Max number of charge attempts reached', comments: null, announced: false })
}
