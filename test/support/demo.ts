import { makeYear, serveYear, syncYear } from '../../src/cli/commands/demo-year.ts'
import { demoConfig } from '../../src/cli/config/demo.ts'
import { NO_PROGRESS } from '../../src/pipeline/progress.ts'
import type { DestinationConfig, TestDestination } from './destinations.ts'
import { sharedLoad } from './first-load.ts'

/** When the made-up year of the tests and of docs/analysts.md ends. */
export const DEMO_END = Date.parse('2026-11-29T12:00:00Z')

/**
 * What `npm start` would have loaded at DEMO_END, with all views. All tests of a run share the load; each call gets a copy
 * of it.
 */
export function withDemo<T>(place: TestDestination, work: (destination: DestinationConfig) => Promise<T>): Promise<T> {
  const load = sharedLoad('demo', place, async destination => {
    const year = makeYear(DEMO_END)
    await using store = await serveYear(year)
    const config = { ...demoConfig(store.url, store.token), destination }
    const { result } = await syncYear(year, config, { level: 'silent' }, NO_PROGRESS, new AbortController().signal)
    if (result.code !== 0) throw new Error(result.text)
  })
  return load(work)
}
