import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STREAMS } from '../../src/cli/app.ts'
import { dayIn, fromMillis, parseInstant } from '../../src/common/instant.ts'
import type { Instant } from '../../src/common/model.ts'
import { type Column, dayOf, instant } from '../../src/schema/column.ts'
import { type Coerce, coercion } from '../../src/transform/coerce.ts'
import { TypeMismatch } from '../../src/transform/type-mismatch.ts'

const EASTERN = 'America/New_York'
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What a clock on a wall in New York shows, by the tables that the runtime brings along: our code asks others. */
const CLOCK = new Intl.DateTimeFormat('en-US', {
  timeZone: EASTERN,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** `2025-03-09T01:30:00`. */
function wallAt(millis: number): string {
  const part = Object.fromEntries(CLOCK.formatToParts(millis).map(({ type, value }) => [type, value]))
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`
}

const asUtc = (wall: string): number => Date.parse(`${wall}Z`)
const offsetAt = (millis: number): number => asUtc(wallAt(millis)) - millis

/** Every moment at which the clock shows this: none in the hour that is skipped, two in the one that is repeated. */
const momentsOf = (wall: string): number[] =>
  [4, 5].map(hours => asUtc(wall) + hours * HOUR).filter(millis => wallAt(millis) === wall)

/** The clock changes of two years, as the instants from which the new offset holds. */
const SPRING = ['2025-03-09T07:00:00Z', '2026-03-08T07:00:00Z'].map(text => Date.parse(text))
const AUTUMN = ['2025-11-02T06:00:00Z', '2026-11-01T06:00:00Z'].map(text => Date.parse(text))

/** Whole seconds, near a change more often than not. */
const seconds = fc.oneof(
  { weight: 4, arbitrary: near([...SPRING, ...AUTUMN], 3 * HOUR) },
  { weight: 2, arbitrary: near([...SPRING, ...AUTUMN], 3 * DAY) },
  { weight: 1, arbitrary: fc.integer({ min: Date.UTC(2015) / 1000, max: Date.UTC(2035) / 1000 }).map(s => s * 1000) },
)

function near(changes: readonly number[], reach: number): fc.Arbitrary<number> {
  return fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -reach / 1000, max: reach / 1000 }))
    .map(([change, by]) => change + by * 1000)
}

/** As written, and the six digits that it comes to. */
const fractions = fc.oneof(
  fc.constant({ written: '', digits: '000000' }),
  fc
    .tuple(fc.constantFrom('.', ','), fc.stringMatching(/^\d{1,6}$/))
    .map(([point, text]) => ({ written: point + text, digits: text.padEnd(6, '0') })),
)

const canonical = (millis: number, digits: string): string => `${fromMillis(millis).slice(0, 20)}${digits}Z`

test('the reference has the four clock changes', () => {
  for (const change of SPRING) expect([offsetAt(change - 1000), offsetAt(change)]).toEqual([-5 * HOUR, -4 * HOUR])
  for (const change of AUTUMN) expect([offsetAt(change - 1000), offsetAt(change)]).toEqual([-4 * HOUR, -5 * HOUR])
})

describe('wall time in New York', () => {
  test('is read as the instant at which it was written, in the repeated hour as the first of two', () => {
    let repeated = 0
    fc.assert(
      fc.property(seconds, fractions, fc.constantFrom('T', ' '), (millis, { written, digits }, gap) => {
        const wall = wallAt(millis)
        const [first = Number.NaN, second] = momentsOf(wall)
        if (second === undefined) expect(first).toBe(millis)
        else repeated += 1
        expect(parseInstant(wall.replace('T', gap) + written, EASTERN)).toBe(canonical(first, digits))
      }),
      { numRuns: 2000 },
    )
    expect(repeated).toBeGreaterThan(20)
  })

  test('in the skipped hour is read with the offset before it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SPRING), fc.nat(3599), fractions, (change, second, { written, digits }) => {
        const wall = new Date(change - 5 * HOUR + second * 1000).toISOString().slice(0, 19)
        expect(wall.slice(11, 13)).toBe('02')
        expect(momentsOf(wall)).toEqual([])
        expect(parseInstant(wall + written, EASTERN)).toBe(canonical(change + second * 1000, digits))
      }),
    )
  })

  test('keeps its order between clock changes', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 6 * 3600 }), fractions, (millis, later, { written }) => {
        const then = millis + later * 1000
        fc.pre(offsetAt(then) === offsetAt(millis) && momentsOf(wallAt(millis)).length === 1)
        fc.pre(momentsOf(wallAt(then)).length === 1)
        const [a, b] = [millis, then].map(at => parseInstant(wallAt(at) + written, EASTERN) ?? '')
        expect(a && b && a < b).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('is the same as the text with the offset of that instant, outside the repeated hour', () => {
    fc.assert(
      fc.property(seconds, fractions, (millis, { written }) => {
        const wall = wallAt(millis)
        fc.pre(momentsOf(wall).length === 1)
        const offset = offsetAt(millis) === -4 * HOUR ? '-04:00' : '-05:00'
        expect(parseInstant(wall + written, EASTERN)).toBe(parseInstant(wall + written + offset, EASTERN))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('with an offset', () => {
  const offsets = fc.constantFrom(
    ...[-300, -240, -480, 0, 330, 345].flatMap(minutes => {
      const [h, m] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map(n => String(n).padStart(2, '0'))
      const sign = minutes < 0 ? '-' : '+'
      return [
        { minutes, text: `${sign}${h}:${m}` },
        { minutes, text: `${sign}${h}${m}` },
        ...(minutes === 0 ? [{ minutes, text: 'Z' }] : []),
      ]
    }),
  )

  test('every instant is read back, whatever the zone, also in the repeated hour', () => {
    fc.assert(
      fc.property(seconds, fractions, offsets, (millis, { written, digits }, { minutes, text }) => {
        const wall = new Date(millis + minutes * 60_000).toISOString().slice(0, 19)
        for (const zone of [EASTERN, 'UTC'] as const)
          expect(parseInstant(wall + written + text, zone)).toBe(canonical(millis, digits))
      }),
      { numRuns: 1000 },
    )
  })

  test('texts with one offset sort by time, across both changes', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 6 * 3600 }), offsets, (millis, later, { minutes, text }) => {
        const write = (at: number): string => new Date(at + minutes * 60_000).toISOString().slice(0, 19) + text
        const [a, b] = [millis, millis + later * 1000].map(at => parseInstant(write(at), EASTERN) ?? '')
        expect(a && b && a < b).toBe(true)
      }),
    )
  })
})

test('the HTTP date of any instant is read back', () => {
  fc.assert(
    fc.property(seconds, millis => {
      expect(parseInstant(new Date(millis).toUTCString(), EASTERN)).toBe(fromMillis(millis))
    }),
  )
})

const cleaning = { cleaned: 0 }

test('the day of an instant is the one in New York, or the written day of a midnight', () => {
  const read = coercion(dayOf('Day.', 'at'))
  fc.assert(
    fc.property(seconds, millis => {
      const wall = wallAt(millis)
      const text = `${new Date(millis).toISOString().slice(0, 19)}+00:00`
      const expected = text.slice(11, 19) === '00:00:00' ? text.slice(0, 10) : wall.slice(0, 10)
      expect(read(text, cleaning)).toBe(expected)
      expect(dayIn(EASTERN, fromMillis(millis))).toBe(wall.slice(0, 10))
      // Midnight in New York written in UTC, which is how the API writes a day in orders.scheduled_at.
      const day = wall.slice(0, 10)
      const [midnight = Number.NaN] = momentsOf(`${day}T00:00:00`)
      expect(read(`${new Date(midnight).toISOString().slice(0, 19)}+00:00`, cleaning)).toBe(day)
      for (const same of [day, `${day}T00:00:00`, `${day} 00:00:00Z`, `${day}T00:00:00.000-07:00`])
        expect(read(same, cleaning), same).toBe(day)
    }),
    { numRuns: 500 },
  )
})

test.each(['noon', '2025-02-30', '2025-06-10T25:00:00Z', 20250610])('%j is not read as a day', value => {
  expect(() => coercion(dayOf('Day.', 'at'))(value, cleaning)).toThrow(TypeMismatch)
})

test('an empty text is null', () => {
  expect(coercion(dayOf('Day.', 'at'))('', cleaning)).toBeNull()
})

interface Declared {
  readonly where: string
  readonly version: string
  readonly column: Column
}

const DECLARED: readonly Declared[] = STREAMS.flatMap(({ name, version, columns, children }) =>
  [
    { table: name, columns },
    ...Object.entries(children).map(([child, of]) => ({ table: `${name}__${child}`, columns: of.columns })),
  ].flatMap(({ table, columns: own }) =>
    Object.entries(own).map(([column, of]) => ({ where: `${table}.${column}`, version, column: of })),
  ),
)

describe('every declared time is read by these rules under both API versions', () => {
  const times = DECLARED.filter(({ column }) => column.kind === 'instant')

  test('the texts that both versions write for one instant are read as one instant', () => {
    expect(times.length).toBeGreaterThan(70)
    expect(new Set(times.map(({ version }) => version))).toEqual(new Set(['2021-01', '2021-11']))
    const readers: readonly [string, Coerce][] = times.map(({ where, column }) => [where, coercion(column)])
    fc.assert(
      fc.property(seconds, millis => {
        const wall = wallAt(millis)
        fc.pre(momentsOf(wall).length === 1)
        for (const [where, read] of readers) {
          expect(read(wall, cleaning), where).toBe(fromMillis(millis))
          expect(read(`${new Date(millis).toISOString().slice(0, 19)}+00:00`, cleaning), where).toBe(fromMillis(millis))
        }
      }),
    )
  })

  test('every column follows the rule, and a column that does not would be found', () => {
    expect(times.filter(({ column }) => column.zone !== EASTERN)).toEqual([])
    const read = coercion(instant('Changed.', undefined, 'UTC'))
    expect(read('2025-07-15T10:00:00', cleaning)).toBe('2025-07-15T10:00:00.000000Z' as Instant)
  })

  test('a day has kind day, and an instant whose hour has no meaning has a day column beside it', () => {
    const days = DECLARED.filter(({ column }) => column.kind === 'day')
    expect(days.map(({ where, column }) => [where, column.derived])).toEqual([
      ['bundle_selection_preset_schedules.end_date', false],
      ['bundle_selection_preset_schedules.start_date', false],
      ['charges.original_scheduled_at', false],
      ['charges.scheduled_at', false],
      ['onetimes.next_charge_scheduled_at', false],
      ['orders.scheduled_on', true],
      ['subscriptions.next_charge_scheduled_at', false],
    ])
  })
})
