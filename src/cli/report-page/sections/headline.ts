import { type Change, changeOf, countChangeOf, type Earlier, rateChangeOf, wordOf } from '../change.ts'
import { type Decimal, sumOf } from '../decimal.ts'
import type { Definitions, MetricName } from '../definitions.ts'
import { count, longDay, longMonth, money, monthName, percent, shortMonth, UNKNOWN } from '../figures.ts'
import { type Html, html } from '../html.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import type { Period } from '../period.ts'
import { decidedMonth, stillOpen } from './payments.ts'
import { netRevenueOf } from './revenue.ts'
import { nextThirtyDays } from './upcoming.ts'

/** One figure of the first screen. */
export interface Tile {
  readonly name: string
  readonly value: string
  readonly change: Change | null
  /** Of when it is, or why it is not known. */
  readonly note: string
  readonly metrics: readonly MetricName[]
}

type Movement = RowOfPage<'movements'>

const movementOf = ({ rows }: PageData, currency: string, month: string | undefined): Movement | null =>
  rows.movements.rows.find(row => row.currency === currency && row.month_start === month) ?? null

/** MRR now, or at the end of the last month that the page shows. */
function mrrOf(data: PageData, period: Period, currency: string): Decimal | null {
  const now = sumOf(data.rows.current.rows.filter(row => row.currency === currency).map(({ mrr }) => mrr))
  return (period.isCurrent ? now : null) ?? movementOf(data, currency, period.list.at(-1))?.end_mrr ?? null
}

/** The figures of the first screen, money in the store's main currency. */
export function tilesOf(data: PageData, period: Period, currency: string | null): Tile[] {
  const { rows } = data
  const newest = period.list.at(-1)
  const full = period.lastFull
  const before = full === null ? null : period.before(full)
  const isFull = newest === full
  const until = newest === undefined ? '' : longDay(period.lastDay(newest))
  // What the newest value is compared with: the end of the last full month, or of the one before.
  const earlier = isFull ? before : full
  const sinceEnd = {
    moved: `since the end of ${monthName(earlier)}`,
    same: `as at the end of ${monthName(earlier)}`,
  }
  const against = { moved: `against ${monthName(before)}`, same: `as in ${monthName(before)}` }
  const inMonth = full === null ? 'No month is finished yet' : longMonth(full)
  const daily = (day: string | null): string | null =>
    rows.subscribers.rows.find(({ date_day }) => date_day === day)?.active_subscribers ?? null
  const active = newest === undefined ? null : daily(period.lastDay(newest))
  const churn = (month: string | null) => rows.churn.rows.find(({ month_start }) => month_start === month)
  const money$ =
    currency === null
      ? null
      : moneyTiles(data, period, currency, { full, before, earlier, sinceEnd, against, inMonth, until })
  return [
    ...(money$ ? [money$.mrr] : []),
    {
      name: 'Active subscribers',
      value: count(active),
      change: countChangeOf(active, earlier === null ? null : daily(period.lastDay(earlier)), sinceEnd),
      note: active === null ? 'Not known' : until,
      metrics: [['subscribers_daily', 'active_subscribers']],
    },
    ...(money$ ? [money$.revenue] : []),
    {
      name: 'Subscriber churn',
      value: percent(churn(full)?.churned_rate ?? null),
      change: rateChangeOf(churn(full)?.churned_rate ?? null, churn(before)?.churned_rate ?? null, false, against),
      note: inMonth,
      metrics: [['churn_monthly', 'churned_rate']],
    },
    {
      name: 'New subscribers',
      value: count(churn(full)?.new ?? null),
      change: countChangeOf(churn(full)?.new ?? null, churn(before)?.new ?? null, against),
      note: inMonth,
      metrics: [['subscribers_daily', 'new']],
    },
    ...(money$ ? [money$.kept, money$.recovered, money$.coming] : []),
  ]
}

interface Times {
  readonly full: string | null
  readonly before: string | null
  readonly earlier: string | null
  readonly sinceEnd: Earlier
  readonly against: Earlier
  readonly inMonth: string
  readonly until: string
}

function moneyTiles(data: PageData, period: Period, currency: string, times: Times) {
  const { full, before, earlier, sinceEnd, against, inMonth, until } = times
  const mrr = mrrOf(data, period, currency)
  const revenue = (month: string | null): Decimal | null =>
    month === null ? null : netRevenueOf(data, currency, month)
  const nrr = (month: string | null): string | null =>
    month === null ? null : (movementOf(data, currency, month)?.nrr ?? null)
  const decided = decidedMonth(data, period, currency)
  const coming = nextThirtyDays(data, period, currency)
  const tile = (name: string, value: string, change: Change | null, note: string, metric: MetricName): Tile => ({
    name,
    value,
    change,
    note,
    metrics: [metric],
  })
  return {
    mrr: tile(
      'MRR',
      money(mrr, currency),
      changeOf(mrr, earlier === null ? null : (movementOf(data, currency, earlier)?.end_mrr ?? null), sinceEnd),
      mrr === null ? 'Not known' : until,
      ['mrr_movements_monthly', 'end_mrr'],
    ),
    revenue: tile(
      'Net revenue',
      money(revenue(full), currency),
      changeOf(revenue(full), revenue(before), against),
      inMonth,
      ['revenue_daily', 'net_revenue'],
    ),
    kept: tile(
      'Net revenue retention',
      percent(nrr(full)),
      rateChangeOf(nrr(full), nrr(before), true, against),
      inMonth,
      ['mrr_movements_monthly', 'nrr'],
    ),
    recovered: tile(
      'Failed payments recovered',
      percent(decided?.recovery_rate ?? null),
      null,
      decided ? `${longMonth(decided.month_start)}, ${stillOpen(decided)}` : 'No month with a failed payment is over',
      ['payment_attempts_monthly', 'recovery_rate'],
    ),
    coming: tile(
      'Upcoming in 30 days',
      money(coming.items, currency),
      null,
      `${count(coming.charges)} charges from ${longDay(period.asOf.day)}`,
      ['upcoming_charges', 'items_gross'],
    ),
  }
}

const ARROWS = { '-1': '▼', '0': '●', '1': '▲' } as const

export const renderTiles = (tiles: readonly Tile[], definitions: Definitions): Html =>
  html`<div class="tiles">${tiles.map(
    ({ name, value, change, note, metrics }) => html`<article class="tile"><h3>${name}</h3>
<p class="value" style="--characters:${Math.max(value.length, 6)}">${value === UNKNOWN ? html`<span aria-hidden="true">${value}</span><span class="hidden">not known</span>` : value}</p>
${
  change === null
    ? null
    : html`<p class="change${change.good === null ? '' : change.good ? ' good' : ' bad'}"><span aria-hidden="true">${ARROWS[change.sign]}</span> <span class="${change.sign === 0 ? 'same' : 'hidden'}">${wordOf(change)}</span>${change.sign === 0 ? null : html` ${change.by}`} ${change.since}</p>`
}
<p class="note">${note}</p>
${definitions.detailsOf(metrics)}</article>\n`,
  )}</div>`

/** Money in all currencies but the main one, side by side: they are never added up. */
export function otherCurrencies(data: PageData, period: Period, currencies: readonly string[]) {
  const full = period.lastFull
  return {
    head: [
      'Currency',
      'MRR',
      full === null ? 'Net revenue' : `Net revenue, ${shortMonth(full)}`,
      'Upcoming in 30 days',
    ],
    rows: currencies.map(currency => [
      currency,
      money(mrrOf(data, period, currency), currency),
      money(full === null ? null : netRevenueOf(data, currency, full), currency),
      money(nextThirtyDays(data, period, currency).items, currency),
    ]),
  }
}
