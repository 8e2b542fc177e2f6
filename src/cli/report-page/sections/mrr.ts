import type { AnyCard } from '../card.ts'
import { changeOf, changeText, signedMoney } from '../change.ts'
import { type Decimal, minus, sumOf } from '../decimal.ts'
import { drawn, longDay, longMonth, money, monthName, percent, titleIn } from '../figures.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import type { Series } from '../palette.ts'
import type { Period } from '../period.ts'
import { lines, NARROW, type SeriesPoint, stackedBars, WIDE } from '../specs.ts'

type Movement = RowOfPage<'movements'>

/** What moves MRR, in the order in which the bars stand. */
const MOVEMENTS = [
  ['new', 'new', 'New'],
  ['expansion', 'expansion', 'Expansion'],
  ['reactivation', 'reactivation', 'Reactivation'],
  ['contraction', 'contraction', 'Contraction'],
  ['churn_active', 'active', 'Cancelled'],
  ['churn_passive', 'passive', 'Payment failed'],
  ['churn_completed', 'completed', 'Completed'],
] as const satisfies readonly (readonly [keyof Movement, Series, string])[]

/** MRR, what is kept of it, and what moved it. @param id makes the ids of the cards unique. */
export function mrrCards({ rows }: PageData, period: Period, currency: string, id: string): AnyCard[] {
  const titles = {
    level: titleIn('Monthly recurring revenue (MRR)', currency),
    kept: titleIn('MRR kept from month to month', currency),
    moved: titleIn('What moved MRR', currency),
  }
  const metrics = {
    level: [['mrr_movements_monthly', 'end_mrr']],
    kept: [
      ['mrr_movements_monthly', 'nrr'],
      ['mrr_movements_monthly', 'grr'],
    ],
    moved: [...MOVEMENTS.map(([column]) => column), 'churn'].map(column => ['mrr_movements_monthly', column] as const),
  } as const
  const found = rows.movements.rows.filter(
    row => row.currency === currency && period.list.includes(row.month_start ?? ''),
  )
  if (found.length === 0) {
    const missing = rows.movements.missing ?? `No subscription was active in these months.`
    return [{ id: `mrr-${id}`, title: titles.level, missing, metrics: metrics.level }]
  }
  const byMonth = new Map(found.map(row => [row.month_start ?? '', row]))
  const months = period.list.filter(month => byMonth.has(month))
  const at = (month: string): Movement | undefined => byMonth.get(month)
  const positions = months.map(month => period.label(month))
  const end = (month: string): Decimal | null => at(month)?.end_mrr ?? null
  const until = (month: string): string =>
    period.isOpen(month) ? `on ${longDay(period.asOf.day)}` : `at the end of ${longMonth(month)}`

  const level: SeriesPoint[] = months.map(month => ({
    at: period.label(month),
    value: drawn(end(month)),
    label: `${money(end(month), currency)} ${until(month)}`,
    open: period.isOpen(month),
    series: 'new',
  }))
  const newest = months.at(-1) ?? ''
  const first = months[0] ?? ''
  const year =
    newest === first
      ? null
      : changeOf(end(newest), end(first), {
          moved: `since the end of ${longMonth(first)}`,
          same: `as at the end of ${longMonth(first)}`,
        })
  const kept: SeriesPoint[] = months.flatMap(month =>
    (
      [
        ['nrr', 'new', 'Net'],
        ['grr', 'contraction', 'Gross'],
      ] as const
    ).map(([column, series, name]) => ({
      at: period.label(month),
      value: drawn(at(month)?.[column] ?? null),
      label: `${name} ${percent(at(month)?.[column] ?? null)} in ${longMonth(month)}`,
      open: period.isOpen(month),
      series,
    })),
  )
  const used = MOVEMENTS.filter(([column]) => found.some(row => Number(row[column] ?? 0) !== 0))
  const shown = used.length > 0 ? used : MOVEMENTS.slice(0, 1)
  const moved: SeriesPoint[] = months.flatMap(month =>
    shown.flatMap(([column, series, name]) => {
      const value = at(month)?.[column] ?? null
      return value === null || Number(value) === 0
        ? []
        : [
            {
              at: period.label(month),
              value: drawn(value),
              label: `${name}: ${signedMoney(value, currency)} in ${longMonth(month)}`,
              open: period.isOpen(month),
              series,
            },
          ]
    }),
  )
  const full = months.findLast(month => !period.isOpen(month)) ?? newest
  const last = level.at(-1)
  const series = shown.map(([, name]) => name)
  const bars = { positions, points: moved, kind: 'amount' } as const
  const keptNow = at(full)
  return [
    {
      id: `mrr-${id}`,
      title: titles.level,
      says: `${money(end(newest), currency)} ${until(newest)}${year ? `, ${changeText(year)}` : ''}.`,
      notes: period.openNote,
      narrow: lines({ positions, points: level, kind: 'amount', width: NARROW }, ['new'], {
        zero: true,
        last: last ? [{ ...last, label: money(end(newest), currency) }] : [],
      }),
      wide: null,
      legend: [],
      table: {
        head: ['Month', 'At its start', 'At its end', 'Change'],
        rows: months.map(month => [
          period.label(month),
          money(at(month)?.start_mrr ?? null, currency),
          money(end(month), currency),
          signedMoney(minus(end(month), at(month)?.start_mrr ?? null), currency),
        ]),
      },
      metrics: metrics.level,
    },
    {
      id: `mrr-kept-${id}`,
      title: titles.kept,
      says: `Of the MRR at the start of ${longMonth(full)}, ${percent(keptNow?.grr ?? null)} was left at its end (gross), and ${percent(keptNow?.nrr ?? null)} with what customers added (net).`,
      notes: period.openNote,
      narrow: lines({ positions, points: kept, kind: 'ratio', width: NARROW }, ['new', 'contraction'], {
        zero: false,
        last: [],
      }),
      wide: null,
      legend: [
        ['new', 'Net revenue retention'],
        ['contraction', 'Gross revenue retention'],
      ],
      table: {
        head: ['Month', 'Net', 'Gross'],
        rows: months.map(month => [
          period.label(month),
          percent(at(month)?.nrr ?? null),
          percent(at(month)?.grr ?? null),
        ]),
      },
      metrics: metrics.kept,
    },
    {
      id: `mrr-moved-${id}`,
      title: titles.moved,
      says: movedSentence(at(full), full, currency, shown),
      notes: period.openNote,
      narrow: stackedBars({ ...bars, points: moved.map(point => ({ ...point, label: '' })), width: NARROW }, series),
      wide: stackedBars({ ...bars, width: WIDE }, series),
      legend: shown.map(([, name, label]) => [name, label] as const),
      table: {
        head: ['Month', 'Start', ...MOVEMENTS.map(([, , name]) => name), 'End'],
        rows: months.map(month => [
          period.label(month),
          money(at(month)?.start_mrr ?? null, currency),
          ...MOVEMENTS.map(([column]) => signedMoney(at(month)?.[column] ?? null, currency)),
          money(end(month), currency),
        ]),
      },
      metrics: metrics.moved,
    },
  ]
}

function movedSentence(
  row: Movement | undefined,
  month: string,
  currency: string,
  shown: readonly (readonly [keyof Movement, Series, string])[],
): string {
  if (row === undefined) return ''
  const parts = shown.flatMap(([column, , name]) => {
    const value = row[column]
    return value === null || Number(value) === 0 ? [] : [`${name.toLowerCase()} ${signedMoney(value, currency)}`]
  })
  const all = sumOf(shown.map(([column]) => row[column]))
  return parts.length === 0
    ? `Nothing moved in ${monthName(month)}.`
    : `${monthName(month)}: ${parts.join(', ')}. Together ${signedMoney(all, currency)}.`
}
