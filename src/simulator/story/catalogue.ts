import type { Draft, Json } from '../record.ts'

export interface Variant {
  readonly productId: string
  readonly variantId: string
  readonly title: string
  readonly variantTitle: string
  readonly handle: string
  readonly sku: string
  /** Cents. */
  readonly price: number
  readonly grams: number
  /** Its contents are chosen anew for each delivery. */
  readonly bundle: boolean
  /** One object for all line items: it is most of their bulk. */
  readonly images: Json
}

const GOODS: readonly (readonly [title: string, variant: string, sku: string, price: number, grams: number])[] = [
  ['Dark Roast Beans', '340 g / Whole bean', 'BEAN-DRK-340', 1850, 340],
  ['Dark Roast Beans', '340 g / Filter', 'BEAN-DRK-340F', 1850, 340],
  ['House Blend', '340 g / Whole bean', 'BEAN-HSE-340', 1625, 340],
  ['House Blend', '1 kg / Whole bean', 'BEAN-HSE-1K', 3990, 1000],
  ['Single Origin Rotation', '250 g', 'BEAN-ROT-250', 1999, 250],
  ['Decaf Blend', '340 g / Espresso', 'BEAN-DCF-340', 1775, 340],
  ['Cold Brew Pouches', '8 pouches', 'COLD-8', 2249, 480],
  ['Breakfast Tea', '80 bags', '', 1099, 200],
]

const EXTRAS: typeof GOODS = [
  ['Paper Filters', '100 pack', 'FILT-100', 1200, 180],
  ['Descaling Tablets', '', 'CARE-DSC', 899, 120],
  ['Stoneware Mug', 'Slate', 'MUG-SL', 2200, 410],
]

const BUNDLES: typeof GOODS = [['Sampler Box', 'Four small bags', 'BOX-4', 2800, 460]]

const handled = (title: string): string => title.toLowerCase().replaceAll(' ', '-')

/** Goods of one title are variants of one product, so the product id follows the title. */
function variants(list: typeof GOODS, base: number, bundle = false): readonly Variant[] {
  const titles = [...new Set(list.map(([title]) => title))]
  return list.map(([title, variantTitle, sku, price, grams], i) => ({
    productId: String(8154900000000 + base * 1000 + titles.indexOf(title) * 11),
    variantId: String(44910278000000 + base * 1000 + i * 7),
    title,
    variantTitle,
    handle: handled(title),
    sku,
    price,
    grams,
    bundle,
    images: pictures(handled(title)),
  }))
}

const SIZES = ['large', 'medium', 'original', 'small'] as const

const pictures = (handle: string): Json =>
  Object.fromEntries(SIZES.map(size => [size, `https://img.kettle-crane.example/${handle}_${size}.jpg`]))

export const SUBSCRIBED = atLeastOne([...variants(GOODS, 21), ...variants(BUNDLES, 33, true)])
export const BOUGHT_ONCE = atLeastOne(variants(EXTRAS, 77))
export const PRODUCTS: readonly Variant[] = [...SUBSCRIBED, ...BOUGHT_ONCE].filter(
  (variant, i, all) => all.findIndex(other => other.productId === variant.productId) === i,
)

export interface Rebate {
  readonly id: number
  readonly code: string
  /** Percent, cents, or nothing for free shipping. */
  readonly value: number
  readonly valueType: 'percentage' | 'fixed_amount' | 'shipping'
}

export const REBATES = atLeastOne<Rebate>([
  { id: 71822034, code: 'REFILL10', value: 10, valueType: 'percentage' },
  { id: 71822035, code: 'WELCOME15', value: 15, valueType: 'percentage' },
  { id: 71822041, code: 'FIVEOFF', value: 500, valueType: 'fixed_amount' },
  { id: 71822044, code: 'SHIPFREE', value: 0, valueType: 'shipping' },
  { id: 71822052, code: 'STAY15', value: 15, valueType: 'percentage' },
])

/** As it stands on charges, orders and addresses: the value is a number or a text. */
export const applied = ({ id, code, value, valueType }: Rebate, asText: boolean): Draft => {
  const shown = valueType === 'fixed_amount' ? value / 100 : value
  return { id, application_method: 'code', code, value: asText ? shown.toFixed(2) : shown, value_type: valueType }
}

function atLeastOne<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...rest] = list
  if (first === undefined) throw new Error('an empty catalogue')
  return [first, ...rest]
}
