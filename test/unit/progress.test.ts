import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createProgress, describe as line } from '../../src/cli/progress.ts'
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
    expect(line(made, seconds)).toBe(expected)
  })
})

describe('progress', () => {
  test("redraws a terminal, with the share of the token's rate below the streams", async () => {
    const written: string[] = []
    let now = 0
    const out = { isTTY: true, write: (text: string) => written.push(text) }
    {
      using progress = createProgress({ out, monotonic: () => now, perSecond: () => 2 })
      progress.started(stats(1000, 4000, 9))
      now = 5000
      while (written.join('').split('left').length < 3) await wait(20)
      progress.ended(stats(0, null), stats(0, null).report('complete', 1, null), 'charges: complete')
    }
    const shown = written.join('')
    expect(shown).toContain("all: 9 requests, 1.8/s, 90 % of the token's rate")
    expect(shown).toContain('\x1b[2A\x1b[J')
    expect(shown.endsWith('charges: complete\n') || shown.endsWith('\x1b[J')).toBe(true)
  })

  test('writes complete lines without control characters to anything else', () => {
    const written: string[] = []
    const out = { write: (text: string) => written.push(text) }
    {
      using progress = createProgress({ out, monotonic: () => 0, perSecond: null })
      progress.started(stats(1, null))
      progress.ended(stats(1, null), stats(1, null).report('complete', 1, null), 'charges: complete')
    }
    expect(written).toEqual(['charges: complete\n'])
  })
})
