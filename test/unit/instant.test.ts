import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asFilter,
  dayIn,
  earlier,
  fromMillis,
  justBefore,
  later,
  minus,
  parseInstant,
  toMillis,
} from '../../src/common/instant.ts'
import type { Instant } from '../../src/common/model.ts'
import type { Zone } from '../../src/schema/column.ts'

const EASTERN: Zone = 'America/New_York'

/** The instant of a text that is known to be one. */
function at(text: string): Instant {
  const instant = parseInstant(text, 'UTC')
  if (instant === null) throw new Error(`${text} is not a point in time`)
  return instant
}

const millis = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })

describe('with an offset, the zone does not matter', () => {
  const CASES = [
    ['2025-01-15T10:00:00Z', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00:00z', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00:00+00:00', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00:00-00:00', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00:00-05:00', '2025-01-15T15:00:00.000000Z'],
    ['2025-01-15T10:00:00-0500', '2025-01-15T15:00:00.000000Z'],
    ['2025-01-15T10:00:00-05', '2025-01-15T15:00:00.000000Z'],
    ['2025-01-15T10:00:00+0530', '2025-01-15T04:30:00.000000Z'],
    ['2025-01-15T10:00:00+05:45', '2025-01-15T04:15:00.000000Z'],
    ['2025-01-15T23:30:00-01:00', '2025-01-16T00:30:00.000000Z'],
    ['2024-02-29T00:00:00+00:01', '2024-02-28T23:59:00.000000Z'],
    ['2025-01-15 10:00:00+00:00', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15 10:00:00 +0000', '2025-01-15T10:00:00.000000Z'],
    ['2025-01-15T10:00Z', '2025-01-15T10:00:00.000000Z'],
    [' 2025-01-15T10:00:00Z\n', '2025-01-15T10:00:00.000000Z'],
  ] as const

  test.each(CASES)('%j is %s', (text, expected) => {
    expect(parseInstant(text, EASTERN)).toBe(expected)
    expect(parseInstant(text, 'UTC')).toBe(expected)
  })
})

describe('without an offset, it is wall time in the zone', () => {
  const CASES = [
    // One order under both API versions [observed].
    ['summer', '2023-05-13T00:07:28', '2023-05-13T04:07:28.000000Z'],
    ['winter', '2025-01-15T10:00:00', '2025-01-15T15:00:00.000000Z'],
    ['a space for the T', '2025-07-15 10:00:00', '2025-07-15T14:00:00.000000Z'],
    ['no seconds', '2025-07-15T10:00', '2025-07-15T14:00:00.000000Z'],
    ['a fraction', '2025-07-15T10:00:00.5', '2025-07-15T14:00:00.500000Z'],
    ['a day in summer', '2025-07-15', '2025-07-15T04:00:00.000000Z'],
    ['a day in winter', '2025-01-15', '2025-01-15T05:00:00.000000Z'],
    ['new year', '2024-12-31T23:59:59', '2025-01-01T04:59:59.000000Z'],
    ['a leap day', '2024-02-29T12:00:00', '2024-02-29T17:00:00.000000Z'],
    ['before the spring change', '2025-03-09T01:59:59', '2025-03-09T06:59:59.000000Z'],
    ['the skipped hour, as the offset before it reads it', '2025-03-09T02:30:00', '2025-03-09T07:30:00.000000Z'],
    ['after the spring change', '2025-03-09T03:00:00', '2025-03-09T07:00:00.000000Z'],
    ['before the autumn change', '2025-11-02T00:59:59', '2025-11-02T04:59:59.000000Z'],
    ['the repeated hour begins, the first time', '2025-11-02T01:00:00', '2025-11-02T05:00:00.000000Z'],
    ['the repeated hour, the first time', '2025-11-02T01:30:00', '2025-11-02T05:30:00.000000Z'],
    ['after the autumn change', '2025-11-02T02:00:00', '2025-11-02T07:00:00.000000Z'],
  ] as const

  test.each(CASES)('%s: %s Eastern is %s', (_what, text, expected) => {
    expect(parseInstant(text, EASTERN)).toBe(expected)
  })

  test.each(CASES)('%s: %s in UTC is unchanged', (_what, text) => {
    expect(parseInstant(text, 'UTC')).toBe(parseInstant(text.length === 10 ? `${text}T00:00Z` : `${text}Z`, 'UTC'))
  })
})

test.each([
  ['Wed, 21 Apr 2021 11:44:38 GMT', '2021-04-21T11:44:38.000000Z'],
  ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00.000000Z'],
  [' Wed, 21 Apr 2021 11:44:38 GMT ', '2021-04-21T11:44:38.000000Z'],
])('the HTTP date %j is %s', (text, expected) => {
  expect(parseInstant(text, EASTERN)).toBe(expected)
})

test.each([
  ['.1', '100000'],
  ['.123', '123000'],
  ['.123456', '123456'],
  [',25', '250000'],
  ['.000001', '000001'],
  ['.1234560', '123456'],
  ['.123456000', '123456'],
])('the fraction %s is %s microseconds', (fraction, expected) => {
  expect(parseInstant(`2025-01-15T10:00:00${fraction}Z`, 'UTC')).toBe(`2025-01-15T10:00:00.${expected}Z`)
})

describe('not a point in time', () => {
  const CASES = [
    ['finer than a microsecond', '2025-01-15T10:00:00.1234567Z'],
    ['finer than a microsecond, naive', '2025-01-15T10:00:00.000000001'],
    ['more digits than anyone has', '2025-01-15T10:00:00.1234560000Z'],
    ['a fraction of a minute', '2025-01-15T10:00.5Z'],
    ['30 February', '2025-02-30'],
    ['30 February, naive', '2025-02-30T10:00:00'],
    ['30 February, in UTC', '2025-02-30T10:00:00Z'],
    ['29 February of a common year', '2025-02-29T10:00:00Z'],
    ['31 April', '2025-04-31'],
    ['month 13', '2025-13-01'],
    ['month 0', '2025-00-10'],
    ['day 0', '2025-01-00'],
    ['hour 24', '2025-01-15T24:00:00'],
    ['hour 24, in UTC', '2025-01-15T24:00:00Z'],
    ['minute 60', '2025-01-15T10:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['a leap second, naive', '2016-12-31T18:59:60'],
    ['an offset of a day', '2025-01-15T10:00:00+24:00'],
    ['an offset with 60 minutes', '2025-01-15T10:00:00+05:60'],
    ['a day with an offset', '2025-01-15Z'],
    ['a day with a word after it', '2025-01-15 noon'],
    ['nothing', ''],
    ['zeros', '0000-00-00'],
    ['the year 0', '0000-06-01'],
    ['the year 0, by its offset', '0001-01-01T00:00:00+01:00'],
    ['the year 10000, by its offset', '9999-12-31T23:59:59-01:00'],
    ['the year 10000, by its zone', '9999-12-31T23:59:59'],
    ['a day the American way', '01/15/2025'],
    ['seconds since 1970', '1736935200'],
    ['one digit', '2025-1-15'],
    ['31 February as an HTTP date', 'Wed, 31 Feb 2021 11:44:38 GMT'],
    ['an HTTP date of no month', 'Wed, 21 Foo 2021 11:44:38 GMT'],
    ['an HTTP date of no hour', 'Wed, 21 Apr 2021 25:44:38 GMT'],
    ['an HTTP date of another weekday', 'Mon, 21 Apr 2021 11:44:38 GMT'],
    ['an HTTP date in another zone', 'Wed, 21 Apr 2021 11:44:38 EST'],
  ] as const

  test.each(CASES)('%s: %j', (_what, text) => {
    expect(parseInstant(text, EASTERN)).toBeNull()
  })
})

test('any millisecond of the years 1 to 9999 is the same after it is written and read', () => {
  fc.assert(
    fc.property(millis, ms => {
      const instant = fromMillis(ms)
      expect(parseInstant(instant, EASTERN)).toBe(instant)
      expect(toMillis(instant)).toBe(ms)
    }),
  )
})

test('instants sort as texts', () => {
  fc.assert(
    fc.property(millis, millis, (a, b) => {
      const [first, second] = [fromMillis(Math.min(a, b)), fromMillis(Math.max(a, b))]
      expect(earlier(fromMillis(a), fromMillis(b))).toBe(first)
      expect(later(fromMillis(a), fromMillis(b))).toBe(second)
    }),
  )
})

test.each([
  ['2025-01-15T04:59:59Z', '2025-01-14'],
  ['2025-01-15T05:00:00Z', '2025-01-15'],
  ['2025-07-15T03:59:59Z', '2025-07-14'],
  ['2025-07-15T04:00:00Z', '2025-07-15'],
  ['2025-03-09T04:59:59Z', '2025-03-08'],
  ['2025-03-10T03:59:59Z', '2025-03-09'],
  ['2025-11-03T04:59:59Z', '2025-11-02'],
  ['2025-11-03T05:00:00Z', '2025-11-03'],
])('in New York %s is on %s', (text, day) => {
  expect(dayIn(EASTERN, at(text))).toBe(day)
  expect(dayIn('UTC', at(text))).toBe(text.slice(0, 10))
})

test.each([
  ['2025-01-15T10:00:00Z', 1000, '2025-01-15T09:59:59.000000Z'],
  ['2025-01-15T10:00:00Z', 86_400_000, '2025-01-14T10:00:00.000000Z'],
  ['2025-03-01T00:00:00Z', 1, '2025-02-28T23:59:59.999000Z'],
  ['2025-01-15T10:00:00.123456Z', 0, '2025-01-15T10:00:00.123000Z'],
  ['2025-01-15T10:00:00.123999Z', 3, '2025-01-15T10:00:00.120000Z'],
])('%s minus %i ms is %s, rounded down', (text, ms, expected) => {
  expect(minus(at(text), ms)).toBe(expected)
})

test.each([
  ['2025-01-15T10:00:00Z', '2025-01-15T10:00:00Z'],
  ['2025-01-15T10:00:00.999999Z', '2025-01-15T10:00:00Z'],
  ['2025-01-15T10:00:00+05:00', '2025-01-15T05:00:00Z'],
])('%s as a filter is %s: rounded down, no plus sign', (text, expected) => {
  expect(asFilter(at(text))).toBe(expected)
})

test.each([
  ['2025-01-15T10:00:00.000001Z', '2025-01-15T10:00:00.000000Z'],
  ['2025-01-15T10:00:00.123Z', '2025-01-15T10:00:00.122999Z'],
  ['2025-01-15T10:00:00Z', '2025-01-15T09:59:59.999999Z'],
  ['2025-01-01T00:00:00Z', '2024-12-31T23:59:59.999999Z'],
])('just before %s is %s', (text, expected) => {
  expect(justBefore(at(text))).toBe(expected)
})
