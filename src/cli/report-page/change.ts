import { type Decimal, minus, signOf } from './decimal.ts'
import { count, money, percent, pointsOf } from './figures.ts'

/** How a figure compares with an earlier one. */
export interface Change {
  readonly sign: -1 | 0 | 1
  /** By how much, without a sign. */
  readonly by: string
  /** What it is compared with, as the sentence ends. */
  readonly since: string
  /** Whether it went the way that the shop wants; null: it did not move. */
  readonly good: boolean | null
}

/** How a sentence ends that compares: `up 3 against May`, `the same as in May`. */
export interface Earlier {
  readonly moved: string
  readonly same: string
}

const sinceOf = ({ moved, same }: Earlier, sign: number): string => (sign === 0 ? same : moved)

/** Of an amount, in percent of the earlier one. Null if one of the two is not known, or the earlier one is not above 0. */
export function changeOf(now: Decimal | null, before: Decimal | null, earlier: Earlier): Change | null {
  const difference = minus(now, before)
  if (difference === null || before === null || signOf(before) <= 0) return null
  const sign = signOf(difference)
  const by = percent(Math.abs(Number(difference) / Number(before)))
  return { sign, by, since: sinceOf(earlier, sign), good: sign === 0 ? null : sign > 0 }
}

/** Of a number of things. Null if one of the two is not known. */
export function countChangeOf(now: string | null, before: string | null, earlier: Earlier): Change | null {
  if (now === null || before === null) return null
  const difference = Number(now) - Number(before)
  const sign = difference > 0 ? 1 : difference < 0 ? -1 : 0
  return { sign, by: count(Math.abs(difference)), since: sinceOf(earlier, sign), good: sign === 0 ? null : sign > 0 }
}

/** Of a rate, in percentage points. @param up whether a higher rate is a better one. */
export function rateChangeOf(now: string | null, before: string | null, up: boolean, earlier: Earlier): Change | null {
  if (now === null || before === null) return null
  const difference = Number(now) - Number(before)
  const sign = Math.abs(difference) < 0.0005 ? 0 : difference > 0 ? 1 : -1
  return { sign, by: pointsOf(difference), since: sinceOf(earlier, sign), good: sign === 0 ? null : sign > 0 === up }
}

const WORDS = { '-1': 'down', '0': 'the same', '1': 'up' } as const
export const wordOf = ({ sign }: Change): string => WORDS[sign]

export const changeText = (change: Change): string =>
  [wordOf(change), ...(change.sign === 0 ? [] : [change.by]), change.since].join(' ')

/** An amount with its sign. */
export const signedMoney = (value: Decimal | null, currency: string | null): string =>
  value !== null && signOf(value) > 0 ? `+${money(value, currency)}` : money(value, currency)
