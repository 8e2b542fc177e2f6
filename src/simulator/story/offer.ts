import type { Variant } from './catalogue.ts'
import type { Person } from './people.ts'
import type { Scene } from './scene.ts'
import { VARIED } from './traits.ts'

const RISE = 1.08

/** The goods at today's price, in the customer's currency. */
export function offered(scene: Scene, variant: Variant, { currency }: Person): Variant {
  const rise = scene.dearer.has(variant.title) ? RISE : 1
  const rate = currency === 'CAD' ? VARIED.canadian : 1
  return rise === 1 && rate === 1 ? variant : { ...variant, price: Math.round(variant.price * rise * rate) }
}
