import { quotient } from './quotient.ts'

/** The states of a subscription that metrics know. One in another state is in no metric, and `onetime` is no subscription. */
export const SUBSCRIPTION_STATES = ['active', 'cancelled', 'expired'] as const

/** The SQL of a unit of an interval in one spelling: `day`, `week` or `month`; null for an unknown one. */
export const unitOf = (unit: string): string =>
  `case lower(${unit}) when 'day' then 'day' when 'days' then 'day' when 'week' then 'week' when 'weeks' then 'week' when 'month' then 'month' when 'months' then 'month' end`

/** A month has 365.25 / 12 days. */
const DAYS_PER_MONTH = '30.4375'

interface Terms {
  /** Price of one unit in one charge. */
  readonly price: string
  readonly quantity: string
  /** As `unitOf` writes it. */
  readonly unit: string
  /** Number of units from one charge to the next. */
  readonly frequency: string
}

/**
 * The SQL of the monthly recurring revenue of one subscription, price × quantity × charges a month, as DECIMAL(18,4). Null
 * if one of the four is unknown. All four are columns, because each is written several times.
 */
export const mrrOf = ({ price, quantity, unit, frequency }: Terms): string =>
  quotient(
    `${price} * ${quantity} * case ${unit} when 'month' then 1.0000 when 'week' then ${DAYS_PER_MONTH} when 'day' then ${DAYS_PER_MONTH} end`,
    `${frequency} * case ${unit} when 'week' then 7 else 1 end`,
    4,
  )

/** The SQL of the days from one charge to the next, as DECIMAL(18,4). */
export const intervalDays = ({ unit, frequency }: Pick<Terms, 'unit' | 'frequency'>): string =>
  `cast(${frequency} * case ${unit} when 'month' then ${DAYS_PER_MONTH} when 'week' then 7.0000 when 'day' then 1.0000 end as decimal(18, 4))`

/** The SQL of the currency of a subscription `s`, with the store's own from a relation `m`. */
export const CURRENCY = `coalesce(s.presentment_currency, m.currency, 'XXX')`
export const STORE_CURRENCY = '(select max(currency) as currency from {{store}})'

export const CURRENCY_DOC =
  'ISO code of the currency: the one that the customer is shown, or else that of the store. XXX where neither is known. That prices of a subscription are in the currency that the customer is shown is the reading taken here; it is not proven.'
