import { describe, expect, test } from 'vitest'
import { cut } from '../../src/cli/look.ts'
import { overall, overallText, streamText } from '../../src/cli/progress-text.ts'
import { createScreen } from '../../src/cli/screen.ts'
import { lines } from '../../src/common/printable.ts'
import { StreamStats } from '../../src/pipeline/stream-stats.ts'

function stats(records: number, expected: number | null, requests = 1, throttled = 0): StreamStats {
  const made = new StreamStats('charges')
  made.records = records
  made.expected = expected
  made.requestStats.requests = requests
  made.requestStats.throttled = throttled
  return made
}

describe('the line of a stream that is read', () => {
  test.each([
    [
      'with a count',
      stats(2500, 10_000),
      5,
      'charges: [#####...............] 25 %, 2500 of 10000 records, 500/s, 0:15 left',
    ],
    ['without a count', stats(2500, null), 5, 'charges: 2500 records, 500/s'],
    [
      'hours left',
      stats(1000, 10_000_000),
      2,
      'charges: [....................] 0 %, 1000 of 10000000 records, 500/s, 5:33:18 left',
    ],
    [
      'more records than the API counted',
      stats(300, 250),
      1,
      'charges: [####################] 100 %, 300 of 250 records, 300/s, 0:00 left',
    ],
    ['no records yet', stats(0, 100), 0, 'charges: [....................] 0 %, 0 of 100 records, 0/s'],
    ['throttled', stats(250, null, 3, 2), 1, 'charges: 250 records, 250/s, throttled 2 times'],
  ])('%s', (_what, made, seconds, expected) => {
    expect(streamText(made, seconds)).toBe(expected)
  })

  test.each([
    [77, 'charges: [#####...............] 25 %, 2500 of 10000 records, 500/s, 0:15 left'],
    [76, 'charges: [###.......] 25 %, 2500 of 10000 records, 500/s, 0:15 left'],
    [66, 'charges: [###.......] 25 %, 2500 of 10000 records, 0:15 left'],
    [58, 'charges: 25 %, 2500 of 10000 records, 0:15 left'],
    [46, 'charges: 25 %, 0:15 left'],
    [5, 'charges: 25 %, 0:15 left'],
  ])('in %i columns', (width, expected) => {
    expect(streamText(stats(2500, 10_000), 5, width)).toBe(expected)
  })
})

describe('the line of all streams', () => {
  const [a, b, later, done] = [stats(1000, 4000, 9), stats(100, 200, 3), stats(0, null, 0), stats(900, 900, 8)]
  const at = (seconds: number, running: readonly StreamStats[], perSecond: number | null = 2) =>
    overall(new Set([a, b, later, done]), new Map(running.map(s => [s, seconds])), new Set([done]), seconds, perSecond)

  test('has the time that all known records take, and says when that is not all', () => {
    // 2000 records in 10 s; 3000 and 100 are left, the first at 100 a second.
    expect(at(10, [a, b])).toEqual({
      streams: 4,
      done: 1,
      records: 2000,
      requests: 20,
      seconds: 10,
      rate_percent: 100,
      seconds_left: 30,
      at_least: true,
    })
    const known = overall(new Set([a, done]), new Map([[a, 10]]), new Set([done]), 10, null)
    expect(known).toMatchObject({ seconds_left: 30, at_least: false, rate_percent: null })
    expect(at(10, [later])).toMatchObject({ seconds_left: null, at_least: true })
  })

  test.each([
    [200, "all: 20 requests, 2.0/s, 100 % of the token's rate, at least 0:30 left, 1 of 4 streams done"],
    [79, "all: 2.0/s, 100 % of the token's rate, at least 0:30 left, 1 of 4 streams done"],
    [77, "all: 100 % of the token's rate, at least 0:30 left, 1 of 4 streams done"],
    [57, 'all: at least 0:30 left, 1 of 4 streams done'],
    [30, 'all: at least 0:30 left'],
  ])('in %i columns', (width, expected) => {
    expect(overallText(at(10, [a, b]), width)).toBe(expected)
  })
})

describe('the screen', () => {
  /** What is written by `work`, in order. */
  function written(columns: number, rows: number, work: (screen: ReturnType<typeof createScreen>, out: Out) => void) {
    const all: string[] = []
    const out = { isTTY: true, columns, rows, write: (text: string) => all.push(text) }
    work(createScreen(out), out)
    return all
  }
  interface Out {
    columns: number
  }
  const [one, two] = [lines('one'), lines('two')]

  test('draws again only what has changed, and erases as many rows as it drew', () => {
    const all = written(80, 24, screen => {
      screen.draw([one, two])
      screen.draw([one, two])
      screen.draw([two])
      screen.clear()
      screen.clear()
    })
    expect(all).toEqual(['  one\n', '  two\n', '\x1b[2A\x1b[J', '  two\n', '\x1b[1A\x1b[J'])
  })

  test('prints above what is drawn, and an empty line at the end if it printed', () => {
    const all = written(80, 24, screen => {
      screen.draw([one])
      screen.print(two)
      screen.close()
      screen.close()
    })
    expect(all).toEqual(['  one\n', '\x1b[1A\x1b[J', 'two\n', '  one\n', '\x1b[1A\x1b[J', '\n'])
  })

  test('cuts lines to the width of the moment, and erases the rows that they take after a resize', () => {
    const line = lines('x'.repeat(100))
    const all = written(60, 24, (screen, out) => {
      screen.draw([line])
      out.columns = 30
      screen.draw([line])
      screen.clear()
    })
    // 59 columns in a terminal of 30 are two rows.
    expect(all).toEqual([`  ${'x'.repeat(56)}…\n`, '\x1b[2A\x1b[J', `  ${'x'.repeat(26)}…\n`, '\x1b[1A\x1b[J'])
  })

  test('draws no more lines than there is room for', () => {
    expect(written(80, 4, screen => screen.draw([one, one, one, two]))).toEqual(['  one\n', '  two\n'])
  })

  test('a line is cut by what it takes on the terminal, not by its characters', () => {
    expect(cut(lines('日本語のテキスト'), 8)).toBe('日本語…')
    expect(cut(lines('abcdefgh'), 8)).toBe('abcdefgh')
    expect(cut(lines('👩‍🍳👩‍🍳👩‍🍳'), 5)).toBe('👩‍🍳👩‍🍳…')
  })
})
