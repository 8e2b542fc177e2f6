import { type AnyCard, type Draw, renderCard, renderTable } from './card.ts'
import { Definitions } from './definitions.ts'
import { longDay, longMonth } from './figures.ts'
import { Html, html } from './html.ts'
import type { PageData } from './page-data.ts'
import { Period } from './period.ts'
import { cohortCard } from './sections/cohorts.ts'
import { otherCurrencies, renderTiles, type Tile, tilesOf } from './sections/headline.ts'
import { mrrCards } from './sections/mrr.ts'
import { paymentsCard } from './sections/payments.ts'
import { productsCard } from './sections/products.ts'
import { revenueCard } from './sections/revenue.ts'
import { subscriberCards } from './sections/subscribers.ts'
import { renderTrust } from './sections/trust.ts'
import { upcomingCard } from './sections/upcoming.ts'
import { STYLE } from './style.ts'

/** What the page says of itself. */
export interface Imprint {
  /** Its name in a fleet; null: the store stands alone. */
  readonly store: string | null
  /** When it was made: a day. */
  readonly madeOn: string
  readonly version: string
  /** Schema of the views. */
  readonly schema: string
  /** The reporting zone. */
  readonly zone: string
  /** Whether every version of a subscription is kept. */
  readonly isVersioned: boolean
}

/** Currencies that get charts. All others are named with their figures. */
const DRAWN_CURRENCIES = 3

/** Streams without which a part of the page is empty. */
const NEEDED = {
  subscriptions: 'MRR, subscribers, churn and cohorts',
  orders: 'revenue and products',
  charges: 'failed payments and upcoming revenue',
} as const

/** The currencies of the store, that with most subscriptions first. Amounts of two currencies cannot be compared. */
export function currenciesOf({ rows }: PageData): string[] {
  const found = new Map<string, number>()
  const add = (currency: string | null, weight: number): void => {
    if (currency !== null) found.set(currency, (found.get(currency) ?? 0) + weight)
  }
  for (const row of rows.current.rows) add(row.currency, Number(row.subscriptions ?? 0) * 1_000_000)
  for (const row of rows.revenue.rows) add(row.currency, Number(row.orders ?? 0))
  for (const row of [...rows.movements.rows, ...rows.upcoming.rows]) add(row.currency, 0)
  return [...found].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([currency]) => currency)
}

/** What is missing, a sentence each. */
export function missingOf({ asOf, rows }: PageData, { schema, isVersioned }: Imprint): string[] {
  const views = missingViews(rows)
  const streams = Object.entries(NEEDED).flatMap(([stream, what]) => {
    if (rows.completeness.missing !== null) return []
    const row = rows.completeness.rows.find(({ stream: name }) => name === stream)
    return row && row.complete_to_on !== null
      ? []
      : [
          `The stream ${stream} was never read completely, so ${what} may be missing. The command check says whether the token may read it.`,
        ]
  })
  return [
    ...(asOf === null ? ['Nothing was synced yet. Run sync, then report again.'] : []),
    ...(views.length === 0 ? [] : [...views, `The command views makes the views of the schema ${schema}.`]),
    ...(asOf === null ? [] : streams),
    ...(isVersioned || asOf === null
      ? []
      : [
          'No versions of subscriptions are kept (history: []), so changes of price, quantity and interval are not seen, and expansion and contraction stay at 0.',
        ]),
  ]
}

/** The views that are not there in one sentence, and each of another problem. */
function missingViews(rows: PageData['rows']): string[] {
  const missing = Object.values(rows).filter(answer => answer.missing !== null)
  const absent = missing.flatMap(answer => answer.absent ?? [])
  return [
    ...(absent.length > 1 ? [`These views are not there: ${absent.join(', ')}.`] : []),
    ...missing.flatMap(answer => (answer.absent !== null && absent.length > 1 ? [] : [answer.missing])),
  ]
}

/** The figures of the first screen; none before the first sync. */
export function headlineOf(data: PageData): readonly Tile[] {
  const [main = null] = currenciesOf(data)
  return data.asOf === null ? [] : tilesOf(data, new Period(data.asOf, data.months), main)
}

interface Section {
  readonly id: string
  readonly title: string
  readonly body: Html
}

/** The whole page. It needs nothing but itself. */
export async function renderPage(data: PageData, imprint: Imprint, draw: Draw): Promise<string> {
  const { asOf, months } = data
  const definitions = new Definitions(data.rows.definitions.rows)
  const missing = missingOf(data, imprint)
  const sections = asOf === null ? [] : await sectionsOf(data, new Period(asOf, months), definitions, draw)
  const trust: Section[] =
    asOf === null
      ? []
      : [
          {
            id: 'trust',
            title: 'How far the numbers can be trusted',
            body: html`<div class="cards">${renderTrust(data)}</div>`,
          },
        ]
  const defined: Section[] =
    definitions.count === 0
      ? []
      : [
          {
            id: 'definitions',
            title: 'What the numbers mean',
            body: html`<article class="card"><details><summary>All ${definitions.count} definitions</summary>${definitions.list()}</details></article>`,
          },
        ]
  const all = [...sections, ...trust, ...defined]
  const range =
    months.from === months.to ? longMonth(months.to) : `${longMonth(months.from)} to ${longMonth(months.to)}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Subscription report${imprint.store === null ? '' : `: ${imprint.store}`}${asOf === null ? '' : `, ${longDay(asOf.day)}`}</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><h1>Subscription report${imprint.store === null ? null : `: ${imprint.store}`}</h1>
${asOf === null ? null : html`<p>${range}. The data reaches ${longDay(asOf.day)}. <span class="note">Days are those of ${imprint.zone}.</span></p>`}
${all.length < 2 ? null : html`<nav aria-label="Sections"><ul>${all.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`}
${
  missing.length === 0
    ? null
    : html`<section class="notice" aria-labelledby="missing"><h2 id="missing">What is missing</h2><ul>${missing.map(text => html`<li>${text}</li>`)}</ul></section>`
}</header>
<main>
${all.map(({ id, title, body }) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${body}</section>\n`)}</main>
<footer><p>Made by recharge-sync ${imprint.version} on ${longDay(imprint.madeOn)}. Every number is from a view of the schema <code>${imprint.schema}</code>. Amounts of two currencies are never added up.</p></footer>
</body>
</html>
`.text
}

async function sectionsOf(data: PageData, period: Period, definitions: Definitions, draw: Draw): Promise<Section[]> {
  const currencies = currenciesOf(data)
  const drawn = currencies.slice(0, DRAWN_CURRENCIES)
  const [main = null, ...others] = currencies
  const cards = async (of: readonly AnyCard[], level: 3 | 4): Promise<Html> =>
    html`<div class="cards">${await inOrder(of, card => renderCard(card, level, definitions, draw))}</div>`
  const byCurrency = async (of: (currency: string, key: string) => AnyCard[]): Promise<Html> => {
    if (drawn.length === 0) return await cards(of('', 'none'), 3)
    const parts = await inOrder(drawn, async currency => {
      const own = of(currency, currency.toLowerCase().replace(/[^a-z0-9]/g, '-'))
      return drawn.length === 1
        ? await cards(own, 3)
        : html`<h3 class="currency">In ${currency}</h3>${await cards(own, 4)}`
    })
    return html`${parts}`
  }
  const more =
    others.length === 0
      ? null
      : html`<article class="card"><h3>Other currencies</h3>${renderTable(otherCurrencies(data, period, others), 'Figures in other currencies')}${
          currencies.length > drawn.length ? html`<p class="note">There are charts for ${drawn.join(', ')}.</p>` : null
        }</article>`
  return [
    {
      id: 'glance',
      title: others.length === 0 ? 'At a glance' : `At a glance, in ${main}`,
      body: html`${renderTiles(tilesOf(data, period, main), definitions)}${more}`,
    },
    { id: 'mrr', title: 'Recurring revenue', body: await byCurrency((c, key) => mrrCards(data, period, c, key)) },
    { id: 'subscribers', title: 'Subscribers', body: await cards(subscriberCards(data, period), 3) },
    { id: 'cohorts', title: 'Cohorts', body: await byCurrency((c, key) => [cohortCard(data, period, c, key)]) },
    {
      id: 'revenue',
      title: 'Revenue and payments',
      body: await byCurrency((c, key) => [revenueCard(data, period, c, key), paymentsCard(data, period, c, key)]),
    },
    {
      id: 'coming',
      title: 'Upcoming revenue and products',
      body: await byCurrency((c, key) => [upcomingCard(data, period, c, key), productsCard(data, period, c, key)]),
    },
  ]
}

async function inOrder<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = []
  for (const item of items) done.push(await work(item))
  return done
}
