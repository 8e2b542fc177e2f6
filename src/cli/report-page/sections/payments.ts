import type { AnyCard } from '../card.ts'
import { count, drawn, longMonth, percent, shortMonth, titleIn } from '../figures.ts'
import type { PageData, RowOfPage } from '../page-data.ts'
import type { Series } from '../palette.ts'
import type { Period } from '../period.ts'
import { NARROW, type SeriesPoint, stackedBars } from '../specs.ts'

type Attempts = RowOfPage<'payments'>

const OUTCOMES = [
  ['recovered', 'expansion', 'Recovered'],
  ['open', 'contraction', 'Still open'],
  ['lost', 'active', 'Lost'],
] as const satisfies readonly (readonly [keyof Attempts, Series, string])[]

const isMature = (row: Attempts): boolean => row.is_mature === 'true'
const isFinished = (row: Attempts): boolean => row.is_complete === 'true'
/** Whether nothing can change any more. */
const isDecided = (row: Attempts): boolean => isFinished(row) && (isMature(row) || Number(row.open ?? 0) === 0)

/** Months of which the paid charges are known too, oldest first. */
const knownMonths = ({ rows: { payments } }: PageData, period: Period, currency: string): Attempts[] =>
  payments.rows.filter(
    row => row.currency === currency && period.list.includes(row.month_start ?? '') && row.is_in_window === 'true',
  )

/** The newest month whose failed payments are decided; if there is none, the oldest of those that are over, of which most is decided. */
export function decidedMonth(data: PageData, period: Period, currency: string): Attempts | null {
  const over = knownMonths(data, period, currency).filter(row => isFinished(row) && row.recovery_rate !== null)
  return over.findLast(isDecided) ?? over[0] ?? null
}

/** How many of its failed payments are not decided. */
export const stillOpen = ({ open }: Attempts): string =>
  Number(open ?? 0) === 0 ? 'all decided' : `${count(open)} still open`

export function paymentsCard(data: PageData, period: Period, currency: string, key: string): AnyCard {
  const { payments } = data.rows
  const id = `payments-${key}`
  const title = titleIn('Failed payments and what became of them', currency)
  const metrics = [
    ['payment_attempts_monthly', 'recovery_rate'],
    ['payment_attempts_monthly', 'recovery_rate_closed'],
    ['payment_attempts_monthly', 'error_rate'],
  ] as const
  const rows = knownMonths(data, period, currency)
  const isCut = payments.rows.some(row => row.currency === currency && row.is_in_window !== 'true')
  if (rows.length === 0)
    return {
      id,
      title,
      metrics,
      missing:
        payments.missing ??
        `No charge was attempted in these months, or charges are not complete for them: Recharge shows processed charges for 90 days only.`,
    }
  const label = (row: Attempts): string => `${shortMonth(row.month_start)}${isDecided(row) ? '' : '*'}`
  const points: SeriesPoint[] = rows.flatMap(row =>
    OUTCOMES.flatMap(([column, series, name]) =>
      row[column] === null || Number(row[column]) === 0
        ? []
        : [
            {
              at: label(row),
              value: drawn(row[column]),
              label: `${name}: ${count(row[column])} of ${count(row.failed_first)} that failed in ${longMonth(row.month_start)}`,
              open: !isDecided(row),
              series,
            },
          ],
    ),
  )
  const decided = decidedMonth(data, period, currency)
  return {
    id,
    title,
    says: decided
      ? `${longMonth(decided.month_start)}: ${count(decided.failed_first)} failed, ${count(decided.recovered)} of them paid later (${percent(decided.recovery_rate)}), ${stillOpen(decided)}.`
      : 'No month with a failed payment is over.',
    notes: [
      ...(rows.every(isDecided) ? [] : ['* Not decided: an open payment is tried again for up to 60 days.']),
      ...(isCut ? ['Earlier months are left out: Recharge no longer shows the charges that were paid in them.'] : []),
    ],
    narrow: stackedBars(
      { positions: rows.map(label), points, kind: 'count', width: NARROW },
      OUTCOMES.map(([, series]) => series),
    ),
    wide: null,
    legend: OUTCOMES.map(([, series, name]) => [series, name] as const),
    table: {
      head: [
        'Scheduled in',
        'Attempted',
        'Failed at first',
        ...OUTCOMES.map(([, , name]) => name),
        'Error rate',
        'Recovery rate',
        'Of closed cases',
      ],
      rows: rows.map(row => [
        label(row),
        count(row.attempted),
        count(row.failed_first),
        ...OUTCOMES.map(([column]) => count(row[column])),
        percent(row.error_rate),
        percent(row.recovery_rate),
        percent(row.recovery_rate_closed),
      ]),
    },
    metrics,
  }
}
