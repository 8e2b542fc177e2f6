import { describe, expect, test } from 'vitest'
import { createBacklog } from '../../src/pipeline/backlog.ts'

const { signal } = new AbortController()

/** A backlog whose time is moved by hand. */
function backlogAt() {
  const clock = { ms: 0 }
  return { clock, backlog: createBacklog(() => clock.ms) }
}

/** Commits groups of so many records, each in so many milliseconds. */
function commitAll(
  { clock, backlog }: ReturnType<typeof backlogAt>,
  groups: number,
  records: number,
  ms: number,
): void {
  for (let n = 0; n < groups; n++) {
    backlog.add(records, 0)
    const committed = backlog.commit(records, 0)
    clock.ms += ms
    committed()
  }
}

/** How many records fit. */
function roomIn({ backlog }: ReturnType<typeof backlogAt>): number {
  let room = 0
  for (; !backlog.isFull; room += 100) backlog.add(100, 0)
  backlog.dropped(room, 0)
  return room
}

describe('what may wait', () => {
  test('is little at first', () => {
    expect(roomIn(backlogAt())).toBe(5_000)
  })

  test('is about what was committed in a second lately', () => {
    const at = backlogAt()
    commitAll(at, 30, 1_000, 100)
    expect(roomIn(at)).toBeGreaterThan(10_000)
    expect(roomIn(at)).toBeLessThan(13_000)
    commitAll(at, 30, 1_000, 250)
    expect(roomIn(at)).toBeLessThan(5_500)
  })

  test('is not bounded by time where a single commit takes that long', () => {
    const at = backlogAt()
    commitAll(at, 25, 250, 1_000)
    expect(roomIn(at)).toBe(40_000)
  })

  test('is bounded by its bytes', () => {
    const { backlog } = backlogAt()
    backlog.add(1, 95 * 1024 * 1024)
    expect(backlog.isFull).toBe(false)
    backlog.add(1, 1024 * 1024)
    expect(backlog.isFull).toBe(true)
  })
})

test('who waits for room gets it after a commit, and an abort ends the wait', async () => {
  const { backlog } = backlogAt()
  let full = 0
  backlog.onFull(() => {
    full += 1
  })
  backlog.add(5_000, 0)
  expect(full).toBe(1)
  const committed = backlog.commit(5_000, 0)
  const order: string[] = []
  const room = backlog.room(signal).then(() => order.push('room'))
  await null
  order.push('committed')
  committed()
  await room
  expect(order).toEqual(['committed', 'room'])
  backlog.add(5_000, 0)
  const stop = new AbortController()
  const waiting = backlog.room(stop.signal)
  stop.abort()
  await waiting
})

describe('room for another request', () => {
  /** Whether there is any, with records that wait and requests that are in flight. */
  async function hasRoom(records: number, requests: number, latencyMs: number): Promise<boolean> {
    const backlog = createBacklog(
      () => 0,
      () => ({ requests, latencyMs }),
    )
    if (records > 0) backlog.add(records, 0)
    const stop = new AbortController()
    let has = false
    const waiting = backlog.room(stop.signal).then(() => {
      has = !stop.signal.aborted
    })
    await new Promise(setImmediate)
    stop.abort()
    await waiting
    return has
  }

  test('counts what is in flight', async () => {
    expect(await hasRoom(3_000, 7, 0)).toBe(true)
    expect(await hasRoom(3_000, 8, 0)).toBe(false)
  })

  test('counts what is committed until an answer comes', async () => {
    // 5,000 records in 1.2 seconds, as long as nothing else is known.
    expect(await hasRoom(9_000, 10, 2_000)).toBe(true)
    expect(await hasRoom(9_000, 18, 2_000)).toBe(false)
  })

  test('there is some where nothing waits: no commit would end the wait', async () => {
    expect(await hasRoom(0, 1_000, 0)).toBe(true)
  })
})
