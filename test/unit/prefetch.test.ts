import { setImmediate as nextTick } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Interrupted } from '../../src/common/errors.ts'
import { type Arrival, prefetch } from '../../src/pipeline/prefetch.ts'

interface Numbered extends Arrival {
  readonly number: number
}

/** A page with a number. */
const page = (number: number, records = 1, bytes = 1): Numbered => ({
  number,
  decoded: { keys: { length: records } as readonly unknown[], bytes },
})
const numbers = (group: readonly Numbered[]): number[] => group.map(({ number }) => number)

/** Lets all pending work of other parties run. */
async function runPending(): Promise<void> {
  for (let n = 0; n < 20; n++) await nextTick()
}

const running = (): AbortSignal => new AbortController().signal

test('every page arrives in order, whether reader or consumer is faster', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), async (reading, working) => {
      async function* read(): AsyncGenerator<Numbered> {
        for (const [n, ticks] of reading.entries()) {
          for (let t = 0; t < ticks; t++) await nextTick()
          yield page(n)
        }
      }
      const seen: unknown[] = []
      for await (const group of prefetch(read, running())) {
        expect(group.length).toBeGreaterThan(0)
        seen.push(...numbers(group))
        for (let t = working.next().value ?? 0; t > 0; t--) await nextTick()
      }
      expect(seen).toEqual(reading.map((_, n) => n))
    }),
    { numRuns: 50 },
  )
})

test('a source without pages gives no group', async () => {
  const groups = []
  for await (const group of prefetch(async function* (): AsyncGenerator<Numbered> {}, running())) groups.push(group)
  expect(groups).toEqual([])
})

test('pages that arrive while the consumer is busy are one group', async () => {
  async function* read(): AsyncGenerator<Numbered> {
    for (let n = 0; n < 6; n++) yield page(n)
  }
  const groups: unknown[][] = []
  for await (const group of prefetch(read, running())) {
    groups.push(numbers(group))
    await runPending()
  }
  expect(groups.flat()).toEqual([0, 1, 2, 3, 4, 5])
  expect(groups.length).toBeLessThanOrEqual(2)
})

test('pages of a slow source come one by one', async () => {
  async function* read(): AsyncGenerator<Numbered> {
    for (let n = 0; n < 4; n++) {
      await runPending()
      yield page(n)
    }
  }
  const groups: unknown[][] = []
  for await (const group of prefetch(read, running())) groups.push(numbers(group))
  expect(groups).toEqual([[0], [1], [2], [3]])
})

describe('after a large group', () => {
  test.each([
    ['a thousand records', 1000, 1, 10],
    ['3.2 MB', 1, 4 * 1024 * 1024, 8],
  ])('of %s the next one waits until it is full', async (_what, records, bytes, most) => {
    async function* read(): AsyncGenerator<Numbered> {
      for (let n = 0; n < 1 + 2 * most; n++) {
        await nextTick()
        yield page(n, records, bytes)
      }
    }
    const groups: number[] = []
    for await (const group of prefetch(read, running())) groups.push(group.length)
    expect(groups).toEqual([1, most, most])
  })

  test.each([
    ['a record', 999, 1],
    ['a byte', 1, Math.floor((32 * 1024 * 1024) / 10)],
  ])('a group that is %s smaller does not make the next one wait', async (_what, records, bytes) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const go = Promise.withResolvers<void>()
      async function* read(): AsyncGenerator<Numbered> {
        yield page(0, records, bytes)
        await runPending()
        yield page(1)
        await go.promise
      }
      const groups: unknown[][] = []
      const all = (async () => {
        for await (const group of prefetch(read, running())) groups.push(numbers(group))
      })()
      for (let n = 0; n < 3; n++) await runPending()
      expect(groups).toEqual([[0], [1]])
      go.resolve()
      await all
    } finally {
      vi.useRealTimers()
    }
  })

  test('the next one waits for at most half a second, and pages that then come slowly come one by one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const go = Promise.withResolvers<void>()
      async function* read(): AsyncGenerator<Numbered> {
        yield page(0, 1000)
        yield page(1)
        yield page(2)
        await go.promise
        for (let n = 3; n < 5; n++) {
          await runPending()
          yield page(n)
        }
      }
      const groups: unknown[][] = []
      const all = (async () => {
        for await (const group of prefetch(read, running())) groups.push(numbers(group))
      })()
      await runPending()
      vi.advanceTimersByTime(499)
      await runPending()
      expect(groups).toEqual([[0]])
      vi.advanceTimersByTime(1)
      await runPending()
      expect(groups).toEqual([[0], [1, 2]])
      go.resolve()
      await all
      expect(groups).toEqual([[0], [1, 2], [3], [4]])
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('the next one does not wait for a source that has ended or failed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (const fail of [false, true]) {
        async function* read(): AsyncGenerator<Numbered> {
          yield page(0, 1000)
          await runPending()
          yield page(1)
          if (fail) throw new Error('broken')
        }
        const groups: unknown[][] = []
        const all = (async () => {
          for await (const group of prefetch(read, running())) groups.push(numbers(group))
        })()
        if (fail) await expect(all).rejects.toThrow('broken')
        else await all
        expect(groups).toEqual([[0], [1]])
        expect(vi.getTimerCount()).toBe(0)
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

test.each([
  ['ten thousand records', 2500, 1],
  ['32 MB', 1, 8 * 1024 * 1024],
])('reading pauses when %s wait, and continues when they are taken', async (_what, records, bytes) => {
  let read = 0
  async function* source(): AsyncGenerator<Numbered> {
    while (read < 30) yield page(read++, records, bytes)
  }
  let given = 0
  for await (const group of prefetch(source, running())) {
    given += group.length
    await runPending()
    // Four pages wait, and not one more.
    expect(read - given).toBeLessThanOrEqual(4)
    expect(group.length).toBeLessThanOrEqual(4)
  }
  expect(given).toBe(30)
})

test('a single page that is larger than the limit is given', async () => {
  async function* read(): AsyncGenerator<Numbered> {
    yield page(0, 25_000)
    yield page(1, 25_000)
  }
  const seen: unknown[] = []
  for await (const group of prefetch(read, running())) seen.push(...numbers(group))
  expect(seen).toEqual([0, 1])
})

describe('an error', () => {
  const broken = new Error('broken')

  test.each([0, 1, 5])('after %i pages is thrown after them', async count => {
    async function* read(): AsyncGenerator<Numbered> {
      for (let n = 0; n < count; n++) yield page(n)
      throw broken
    }
    const seen: unknown[] = []
    const all = async (): Promise<void> => {
      for await (const group of prefetch(read, running())) {
        seen.push(...numbers(group))
        await runPending()
      }
    }
    await expect(all()).rejects.toBe(broken)
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n))
  })

  test('that is undefined is thrown too', async () => {
    // biome-ignore lint/correctness/useYield: it is the throwing that counts.
    async function* read(): AsyncGenerator<Numbered> {
      throw undefined
    }
    const all = async (): Promise<void> => {
      for await (const _group of prefetch(read, running()));
    }
    await expect(all()).rejects.toBeUndefined()
  })

  test('of the consumer is thrown unchanged and stops the reading', async () => {
    let ended = false
    async function* read(): AsyncGenerator<Numbered> {
      try {
        for (let n = 0; ; n++) {
          yield page(n)
          await nextTick()
        }
      } finally {
        ended = true
      }
    }
    const all = async (): Promise<void> => {
      for await (const _group of prefetch(read, running())) throw broken
    }
    await expect(all()).rejects.toBe(broken)
    expect(ended).toBe(true)
  })
})

describe('when the consumer stops', () => {
  test('a source that has more pages is closed and not read any more', async () => {
    let read = 0
    let ended = false
    async function* source(): AsyncGenerator<Numbered> {
      try {
        for (;;) {
          yield page(read++)
          await nextTick()
        }
      } finally {
        ended = true
      }
    }
    for await (const _group of prefetch(source, running())) break
    expect(ended).toBe(true)
    const before = read
    await runPending()
    expect(read).toBe(before)
  })

  test('a source that waits for an answer gets an aborted signal', async () => {
    const errors: unknown[] = []
    async function* source(signal: AbortSignal): AsyncGenerator<Numbered> {
      yield page(0)
      await new Promise<void>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Interrupted())),
      ).catch(error => errors.push(error))
    }
    for await (const _group of prefetch(source, running())) break
    expect(errors).toEqual([expect.any(Interrupted)])
  })

  test('a source that waits for room is released', async () => {
    let read = 0
    let ended = false
    async function* source(): AsyncGenerator<Numbered> {
      try {
        while (read < 100) yield page(read++, 20_000)
      } finally {
        ended = true
      }
    }
    for await (const _group of prefetch(source, running())) {
      await runPending()
      break
    }
    expect(ended).toBe(true)
    expect(read).toBe(2)
  })
})

test('an interruption reaches the source, and the error of the source reaches the consumer', async () => {
  const stop = new AbortController()
  async function* source(signal: AbortSignal): AsyncGenerator<Numbered> {
    yield page(0)
    await new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Interrupted())))
  }
  const seen: unknown[] = []
  const all = async (): Promise<void> => {
    for await (const group of prefetch(source, stop.signal)) {
      seen.push(...numbers(group))
      stop.abort()
    }
  }
  await expect(all()).rejects.toThrow(Interrupted)
  expect(seen).toEqual([0])
})

test('K6/25: pages that an interruption drops are no end of the pages, even where the source has ended', async () => {
  const stop = new AbortController()
  async function* source(): AsyncGenerator<Numbered> {
    yield page(0)
    yield page(1)
  }
  const all = async (): Promise<void> => {
    for await (const _group of prefetch(source, stop.signal)) {
      await runPending()
      stop.abort()
    }
  }
  await expect(all()).rejects.toThrow(Interrupted)
})
