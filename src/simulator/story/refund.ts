import type { Draft } from '../record.ts'
import { DAY, HOUR, utcText } from '../time.ts'
import type { Box } from './box.ts'
import { amount } from './money.ts'
import type { Scene } from './scene.ts'

const REFUNDED = 0.03
/** A few come so late that the charge is behind the 90-day wall, and only the order shows them. */
const LATE = 0.15

export function perhapsRefund(scene: Scene, box: Box, charge: Draft, orders: readonly Draft[], at: number): void {
  const { random } = scene
  if (!random.chance(REFUNDED)) return
  const days = random.chance(LATE) ? random.between(91, 140) : random.between(2, 30)
  scene.diary.add(at + days * DAY + random.between(9, 17) * HOUR, then => {
    const total = Math.round(Number(charge.total_price) * 100)
    const whole = random.chance(0.5)
    const back = whole ? total : Math.min(total, random.between(100, 900))
    const status = back === total ? 'refunded' : 'partially_refunded'
    const change = { total_refunds: amount(back), updated_at: utcText(then) }
    Object.assign(charge, change, { status })
    orders.forEach((order, i) => {
      // The money goes back once; the other orders of a prepaid charge only show its status.
      Object.assign(order, i === 0 ? change : { updated_at: utcText(then) })
      order.charge = { ...(order.charge as Draft), status }
      if (whole && order.status === 'queued') {
        Object.assign(order, { status: 'cancelled', cancelled_at: utcText(then), cancel_reason: 'refund' })
      }
    })
    scene.happened(then, {
      verb: 'refunded',
      type: 'charge',
      id: charge.id,
      customer: box.person.customer.id,
      says: `Refunded ${amount(back)} of charge #${charge.id}`,
    })
  })
}
