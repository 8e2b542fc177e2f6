import type { Tally } from './tally.ts'

/** Shows a run while it goes on. */
export interface Progress extends Disposable {
  started(tally: Tally): void
  ended(tally: Tally, line: string): void
}

export interface ProgressOptions {
  /** Where it goes; a terminal is redrawn, anything else gets a line now and then. */
  readonly out: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly monotonic: () => number
}

const REDRAW = 100
const LINE_EVERY = 10_000

export const NO_PROGRESS: Progress = { started() {}, ended() {}, [Symbol.dispose]() {} }

export function createProgress({ out, monotonic }: ProgressOptions): Progress {
  const running = new Map<Tally, number>()
  let drawn = 0
  const erase = (): void => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`)
    drawn = 0
  }
  const describe = (tally: Tally, since: number): string => {
    const seconds = Math.max(0.001, (monotonic() - since) / 1000)
    const { requests, waitedMs } = tally.traffic
    const waited = waitedMs >= 1000 ? `, waited ${Math.round(waitedMs / 1000)} s for the rate limit or a retry` : ''
    return `${tally.stream}: ${tally.records} records, ${requests} requests, ${Math.round(tally.records / seconds)}/s${waited}`
  }
  const draw = (): void => {
    erase()
    for (const [tally, since] of running) {
      out.write(`  ${describe(tally, since)}\n`)
      drawn += 1
    }
  }
  const lines = (): void => {
    for (const [tally, since] of running) out.write(`${describe(tally, since)}\n`)
  }
  const timer = setInterval(out.isTTY ? draw : lines, out.isTTY ? REDRAW : LINE_EVERY)
  timer.unref()
  return {
    started(tally) {
      running.set(tally, monotonic())
    },
    ended(tally, line) {
      running.delete(tally)
      if (out.isTTY) erase()
      out.write(`${line}\n`)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      if (out.isTTY) erase()
    },
  }
}
