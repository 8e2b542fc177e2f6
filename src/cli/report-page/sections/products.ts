import type { AnyCard } from '../card.ts'
import { type Decimal, minus, signOf, sumOf } from '../decimal.ts'
import { count, drawn, money, percent, shortMonth, titleIn } from '../figures.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import type { Period } from '../period.ts'
import { ranking } from '../specs.ts'

/** Products that are drawn, and those that the table lists. */
const DRAWN = 6
const LISTED = 20

interface Product {
  readonly name: string
  readonly units: number
  readonly net: Decimal
}

export function productsCard({ rows: { products } }: PageData, period: Period, currency: string, key: string): AnyCard {
  const id = `products-${key}`
  const title = titleIn('Products with the highest net sales', currency)
  const metrics = [['product_performance_monthly', 'net_items']] as const
  const found = [...byProduct(products.rows.filter(row => row.currency === currency && row.net_items !== null))].sort(
    (a, b) => signOf(minus(b.net, a.net) ?? '0') || (a.name < b.name ? -1 : 1),
  )
  const sold = found.filter(({ net, units }) => units > 0 || signOf(net) !== 0)
  if (sold.length === 0) return { id, title, metrics, missing: products.missing ?? `Nothing was sold in these months.` }
  const all = sumOf(sold.map(({ net }) => net))
  const [best] = sold
  const share = best && all && signOf(all) > 0 ? Number(best.net) / Number(all) : null
  const span = `${shortMonth(period.list[0] ?? null)} to ${shortMonth(period.list.at(-1) ?? null)}`
  return {
    id,
    title,
    says: `${span}: ${count(sold.length)} ${sold.length === 1 ? 'product' : 'products'}, ${money(all, currency)} without tax and shipping${
      share === null || sold.length === 1 ? '' : `; ${best?.name} alone is ${percent(share)} of it`
    }.`,
    notes: sold.length > LISTED ? [`The table lists the first ${LISTED}.`] : [],
    narrow: ranking(
      sold.slice(0, DRAWN).map(({ name, net }) => ({ name, value: drawn(net) ?? 0, text: money(net, currency) })),
      'new',
    ),
    wide: null,
    legend: [],
    table: {
      head: ['Product', 'Net sales', 'Units'],
      rows: sold.slice(0, LISTED).map(({ name, net, units }) => [name, money(net, currency), count(units)]),
    },
    metrics,
  }
}

/** A row for each product: its name may have changed, and what has no id is known by its name. */
function byProduct(rows: readonly RowOfPage<'products'>[]): readonly Product[] {
  const products = new Map<string, Product>()
  for (const row of rows) {
    const key = row.product_id === null ? `name ${row.product_title}` : `id ${row.product_id}`
    const known = products.get(key)
    products.set(key, {
      name: row.product_title ?? known?.name ?? 'Without a name',
      units: (known?.units ?? 0) + Number(row.units ?? 0),
      net: sumOf([known?.net ?? null, row.net_items]) ?? '0',
    })
  }
  return [...products.values()]
}
